// What ties cells together: formulas, products, optima, refits, series.

/** A number, a cell's name, or an operation on trees: what scalewidgets/lawbook/expression.py writes.
 *  `["sum", body]` runs over the items of the spec. */
export type Tree = number | string | [string, ...Tree[]];

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
