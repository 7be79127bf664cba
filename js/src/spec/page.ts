// A whole lab.

import type { Group } from "./controls";
import type { Plot } from "./marks";
import type { Equation, Listing, Table } from "./numbers";
import type { Formula, Link, Parabolas, Refit, Series, Solve } from "./relations";

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
