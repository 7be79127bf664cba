// What a lab is, as the kernel (or an exported page) says it: the vocabulary that the front end
// runs. Mirrors scalewidgets/widgets/vocabulary/; nothing here knows Jupyter or the DOM.

/** A number, a cell's name, or an operation on trees: what scalewidgets/lawbook/expression.py writes.
 *  `["sum", body]` runs over the items of the spec. */
export type Tree = number | string | [string, ...Tree[]];

/** An input cell that a person moves. `cell` is its name; a dot reaches into a dictionary trait
 *  (`wheel.E` is the key `E` of the trait `wheel`; in trees its name is `wheel_E`). */
export interface Slider {
  kind: "slider";
  cell: string;
  label: string;
  /** Shown behind the value: "params", "tokens", "FLOP", "bits". */
  unit: string;
  scale: "log" | "linear";
  domain: [number, number];
  /** Smallest step on a linear scale; a log scale moves by 0.2 % an arrow key. */
  step?: number;
  /** d3-format specifier; "quantity" writes 70B, 1.4T, 5.88e23. */
  format: string;
  /** Known models, drawn as ticks; a click takes their value. */
  marks?: { value: number; label: string }[];
  help?: string;
  /** Shown only while this cell is not zero. */
  visible?: string;
  /** A handle on a value that is otherwise computed. While the toggle cell `held` is zero the slider
   *  shows the cell `follows`; to move it is to hold it, and its lock lets it go again. */
  handle?: { held: string; follows: string };
}

export interface Choice {
  kind: "choice";
  cell: string;
  label: string;
  /** Options of one `group` stand together in the menu. */
  options: { value: string; label: string; group?: string }[];
  help?: string;
  visible?: string;
}

export interface Toggle {
  kind: "toggle";
  cell: string; // 0 or 1
  label: string;
  help?: string;
  visible?: string;
}

/** A line of text. What is wrong with it stands in the text cell `mistake`, and is shown below. */
export interface Text {
  kind: "text";
  cell: string;
  label: string;
  mistake: string;
  help?: string;
  visible?: string;
}

/** A button that sets cells to fixed values (a list cell to [] for example). */
export interface Action {
  kind: "action";
  label: string;
  set: Record<string, unknown>;
  help?: string;
  visible?: string;
}

/** A button that puts a text on the clipboard: the first string of the fact `text`, in which `{cell}`
 *  stands for the present value of a cell, as Python writes it. */
export interface Copy {
  kind: "copy";
  label: string;
  text: string;
  help?: string;
  visible?: string;
}

export type Control = Slider | Choice | Toggle | Text | Action | Copy;

export interface Group {
  label: string;
  controls: Control[];
}

/** product = factor * a * b stays true: when one is moved, the free one follows and `hold` stays.
 *  When the held one itself is moved, a and b keep their ratio if it is the product, else the
 *  product follows. `hold` names a choice cell whose value is the name of the held cell. */
export interface Link {
  product: string;
  factor: number;
  a: string;
  b: string;
  hold: string;
}

/** A cell that is a formula of other cells. */
export interface Formula {
  cell: string;
  tree: Tree;
}

/** Cells that are the solution of a small problem. `loss`, `dN`, `dD` (and `dP`) are trees in which
 *  `N`, `D` (and `P`) stand for the unknowns and every other name is a cell.
 *  - "budget":    least loss with factor * N * D = budget              -> outputs [N, D]
 *  - "demand":    least 6 N D + 2 N demand with loss = target          -> outputs [N, D]
 *  - "precision": least loss with (factor / 16) * N * D * P = budget   -> outputs [N, D, P]
 *  - "reach":     the D from 1 to 1e30 with loss = target at N = at  -> outputs [D]
 *  A problem without a solution yields NaN. */
export interface Solve {
  kind: "budget" | "demand" | "precision" | "reach";
  outputs: string[];
  loss: Tree;
  /** Needed by all but "reach". */
  dN?: Tree;
  dD: Tree;
  dP?: Tree;
  /** Cells. */
  budget?: string;
  target?: string;
  demand?: string;
  at?: string;
  factor?: number;
  /** Bounds of P. */
  bits?: [number, number];
}

/** The quick refit of the browser: Gauss-Newton on log loss, reweighted, from the present constants,
 *  until the kernel's exact answer replaces it. */
export interface Refit {
  /** Free constants: the fact cell that holds each, its name in the trees, and the cell that is not
   *  zero while a hand holds it (then the cell `name` gives its value and it is not refitted). */
  constants: { cell: string; name: string; positive: boolean; held: string }[];
  loss: Tree;
  gradient: Tree[];
  /** Each run sets these cells to its values in the array facts named; then all other names of the
   *  trees, and the cell `observed`, are read for it. */
  rows: Record<string, string>;
  observed: string;
  /** List cell of the rows left out, choice cell of the objective, number cell of Huber's delta. */
  excluded: string;
  objective: string;
  delta: string;
}

/** Approach 2 until the kernel's answer: through the runs of each group that are in, a parabola of
 *  `y` in log `x` by least squares; through the lowest points of the parabolas a power law. */
export interface Parabolas {
  rows: Record<string, string>;
  /** Cells read for each run. Runs of equal `group` (FLOPs) belong together. */
  group: string;
  x: string;
  y: string;
  excluded: string;
  /** A cell that is zero while the curves are other ones, which only the kernel can fit. */
  active: string;
  /** Array facts that it sets: the curves, NaN between them, and their lowest points. */
  curves: { x: string; y: string };
  lowest: { group: string; x: string; y: string };
  /** Fact cells that it sets: x = factor * group ** exponent. */
  factor: string;
  exponent: string;
}

/** One thing drawn in a plot. x and y are cells; each is recomputed with `x` taking the values of
 *  the axis, all other cells as they are (a data table of a spreadsheet). */
export interface Curve {
  kind: "curve";
  x: string;
  y: string;
  label: string;
  color: string;
  dash?: string;
  visible?: string;
  /** Where it is known to hold: it is dashed outside. */
  valid?: [number, number];
}

/** A curve that the kernel has computed: two array facts. */
export interface Trace {
  kind: "trace";
  x: string;
  y: string;
  label: string;
  color: string;
  visible?: string;
}

/** Lines of equal height at the values of the array fact `levels`. `z` is a formula, read over the
 *  whole plot while the cells `x` and `y` take the values of its axes. With `grid` all three are array
 *  facts of the kernel instead: `z` holds a value for each `x`, row by row of `y`. */
export interface Contours {
  kind: "contours";
  x: string;
  y: string;
  z: string;
  levels: string;
  grid?: boolean;
  label: string;
  color: string;
  dash?: string;
  visible?: string;
  /** With it each line bears its level. */
  format?: string;
}

/** A part of the x axis that is shaded, such as where there were runs. An end that is a text is that
 *  cell; nothing is shaded while one has no value. */
export interface Span {
  kind: "span";
  start: number | string;
  end: number | string;
  label: string;
  color: string;
}

/** The interval of a curve over the draws of the constants. */
export interface Band {
  kind: "band";
  x: string;
  y: string;
  label: string;
  color: string;
  level: number;
  points?: number;
  visible?: string;
}

/** Bars along the x axis (a tornado): each row sets the cells of `rows` to its values, then a bar is
 *  drawn at `y` from `low` to `high`, its half towards `low` lighter. The halves meet at `middle`, or
 *  else half way. On a y axis with names `y` is the number of the name. */
export interface Bars {
  kind: "bars";
  rows: Record<string, string>;
  low: string;
  high: string;
  middle?: string;
  y: string;
  label: string;
  color: string;
  visible?: string;
}

/** Runs: each row sets the cells of `rows` to its values, then x and y are read. */
export interface Points {
  kind: "points";
  rows: Record<string, string>;
  x: string;
  y: string;
  label: string;
  color: string;
  /** List cell of the row numbers left out: a click or a brush changes it. */
  excluded?: string;
  /** A toggle: while it is on, a brush is drawn by hand around runs instead of as a box. */
  lasso?: string;
  /** List cell of `row, factor, row, factor, ...`: a run that is dragged up or down has its y
   *  multiplied. */
  nudged?: string;
  /** A cell in [0, 1] for the opacity of a row (how near it is to the chosen compute). */
  weight?: string;
  /** Pixels, where the dots are many. */
  radius?: number;
  visible?: string;
  /** Array fact with a name for each row (strings), for the tooltip. */
  names?: string;
}

/** One point that follows its cells. */
export interface Marker {
  kind: "marker";
  x: string;
  y: string;
  label: string;
  color: string;
  shape: "circle" | "diamond" | "square" | "triangle" | "cross";
  visible?: string;
  /** Dragging it sets this input cell to the x under the hand. */
  drag?: string;
}

/** A line that a hand draws: the heights in the array `array`, at equal distances over the x axis
 *  from the cell `start` to the cell `end`. Dragged over, it becomes the list cell `cell`, within
 *  `range`, and the cells of `sets` take their values. */
export interface Sketch {
  kind: "sketch";
  array: string;
  start: string;
  end: string;
  cell: string;
  range: [number, number];
  sets?: Record<string, string>;
  label: string;
  color: string;
}

/** A straight line across the plot at a cell's value. */
export interface Rule {
  kind: "rule";
  axis: "x" | "y";
  cell: string;
  label: string;
  color: string;
  visible?: string;
}

export type Mark =
  | Curve
  | Trace
  | Contours
  | Span
  | Band
  | Bars
  | Points
  | Marker
  | Rule
  | Sketch;

export interface Axis {
  label: string;
  scale: "log" | "linear";
  /** A toggle that makes the axis logarithmic while it is on, whatever `scale` says. */
  log?: string;
  /** Fixed domain, or none: then it holds the points and curves, and moves only when they leave. An
   *  end that is a text is that cell. */
  domain?: [number | string, number | string];
  format: string;
  /** Cells whose values it shows, whatever else there is. */
  holds?: string[];
  /** Strings fact: the name at 0, 1, 2 ... instead of numbers, the first one on top. */
  names?: string;
}

/** Shares of parts instead of axes: in a triangle with the corners (0, 0), (1, 0) and (1/2, √3/2) a
 *  place is what the first three have of what they have together. Dragging a marker that can be
 *  dragged, and the arrow keys, set all cells, so that they sum to 1 and the others keep their
 *  shares. */
export interface Simplex {
  /** Input cells of amounts: those at the left, right and upper corner, then all others. */
  cells: string[];
  /** Names of the three corners. */
  corners: string[];
}

export interface Plot {
  id: string;
  title: string;
  x: Axis;
  y: Axis;
  marks: Mark[];
  simplex?: Simplex;
  /** Wide plots take the whole row. */
  wide?: boolean;
  visible?: string;
}

/** An equation to be typeset. Its symbols and the controls of their cells light up together: a
 *  symbol belongs to the control whose cell, or key of a dictionary cell, has its name. */
export interface Equation {
  label: string;
  color: string;
  /** The law and its definitions, each a name and a tree. */
  rows: { name: string; tree: Tree }[];
  /** What a symbol means, shown on hovering. */
  meanings: Record<string, string>;
  /** Symbols that carry an index, because sums run over them. */
  items: string[];
}

/** A value with its interval over the draws. */
export interface Readout {
  label: string;
  cell: string;
  format: string;
  unit?: string;
  interval?: boolean;
  visible?: string;
  help?: string;
}

export interface Table {
  label: string;
  rows: Readout[];
}

/** The runs as a table, to be opened below the plots: a row that is clicked is left out or taken back,
 *  a column's head sorts by it. Cells are read for each run, as in `Points`. */
export interface Listing {
  label: string;
  rows: Record<string, string>;
  columns: { label: string; cell: string; format: string }[];
  names?: string;
  excluded: string;
}

/** An array that is a formula: `cell` is read for each row, as in `Points`; a row may also be a list
 *  cell. With it come `falls`, what each entry is below the one before it (the first: below 1), and
 *  `before`, the sum of all entries before it, so that sums can run over a course of values. */
export interface Series {
  array: string;
  cell: string;
  rows: Record<string, string>;
  falls: string;
  before: string;
}

export interface Spec {
  title: string;
  groups: Group[];
  links: Link[];
  formulas: Formula[];
  solves: Solve[];
  refit?: Refit;
  parabolas?: Parabolas;
  /** The entries of the array fact `array` are multiplied as the list cell `cell` says (`row, factor,
   *  row, factor, ...`): runs that a hand has moved. */
  nudge?: { array: string; cell: string };
  plots: Plot[];
  tables: Table[];
  listing?: Listing;
  /** Constants with draws: cell -> array fact; a band or interval sets these cells draw by draw.
   *  `centre` is the fact cell at which the draws were made, so that they can travel with a preview. */
  draws: { cell: string; array: string; centre: string; positive: boolean }[];
  /** Lists over which sums run: name in trees -> array fact. */
  items?: Record<string, string>;
  series?: Series[];
  equations?: Equation[];
  /** Input cells that the kernel must answer: a change of one is a new question. */
  asks: string[];
  /** One line under the title (text, never HTML). */
  teaches?: string;
  source?: string;
  /** What a reader should know, to be opened below the lab. */
  notes?: string[];
}

/** A packed array as it travels: see wire.ts. */
export interface Packed {
  dtype: "f4" | "f8" | "i4";
  shape: number[];
  data: DataView;
}

/** What the kernel knows. `serial` is the number of the question that it answers. */
export interface Facts {
  /** The newest question (trait `question`) that this answers; an older answer is never drawn. */
  serial: number;
  numbers: Packed;
  /** Names of `numbers`, in order. */
  names: string[];
  arrays: Record<string, Packed>;
  strings: Record<string, string[]>;
  /** Short texts for people, such as the state of the fit. */
  status?: { level: "ok" | "note" | "warning" | "error"; text: string };
}
