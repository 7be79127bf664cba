// What is drawn: marks, the axes that they stand on, and plots.

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
