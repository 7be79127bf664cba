// What is read: equations, tables, listings.

import type { Tree } from "./relations";

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
