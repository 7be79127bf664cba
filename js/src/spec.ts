// What a lab is, as the kernel (or an exported page) says it: the vocabulary that the front end
// runs. Mirrors scalewidgets/widgets/vocabulary.py; nothing here knows Jupyter or the DOM.

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

export type Control = Slider | Choice | Toggle | Text | Action;

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
 *  A problem without a solution yields NaN. */
export interface Solve {
  kind: "budget" | "demand" | "precision";
  outputs: string[];
  loss: Tree;
  dN: Tree;
  dD: Tree;
  dP?: Tree;
  /** Cells. */
  budget?: string;
  target?: string;
  demand?: string;
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
  /** Columns of the runs: tree name -> array fact. */
  rows: Record<string, string>;
  observed: string;
  /** List cell of the rows left out, choice cell of the objective, number cell of Huber's delta. */
  excluded: string;
  objective: string;
  delta: string;
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

/** A part of the x axis that is shaded, such as where there were runs. */
export interface Span {
  kind: "span";
  start: number;
  end: number;
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
  /** A cell in [0, 1] for the opacity of a row (how near it is to the chosen compute). */
  weight?: string;
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

/** A straight line across the plot at a cell's value. */
export interface Rule {
  kind: "rule";
  axis: "x" | "y";
  cell: string;
  label: string;
  color: string;
}

export type Mark = Curve | Trace | Span | Band | Points | Marker | Rule;

export interface Axis {
  label: string;
  scale: "log" | "linear";
  /** A toggle that makes the axis logarithmic while it is on, whatever `scale` says. */
  log?: string;
  /** Fixed domain, or none: then it holds the points and curves, and moves only when they leave. */
  domain?: [number, number];
  format: string;
}

export interface Plot {
  id: string;
  title: string;
  x: Axis;
  y: Axis;
  marks: Mark[];
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

export interface Spec {
  title: string;
  groups: Group[];
  links: Link[];
  formulas: Formula[];
  solves: Solve[];
  refit?: Refit;
  plots: Plot[];
  tables: Table[];
  /** Constants with draws: cell -> array fact; a band or interval sets these cells draw by draw.
   *  `centre` is the fact cell at which the draws were made, so that they can travel with a preview. */
  draws: { cell: string; array: string; centre: string; positive: boolean }[];
  /** Lists over which sums run: name in trees -> array fact. */
  items?: Record<string, string>;
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
