// What all controls share.
import type { Sheet } from "../engine/sheet";
import type { Roots } from "../roots";

export const NO_KERNEL = "Needs Python: this page has no kernel.";

/** What a control may ask of its lab. */
export interface ControlEnv {
  doc: Document;
  signal: AbortSignal;
  /** A prefix for names and ids that no other view of the page has. */
  unique: string;
  roots: Roots;
  set(cell: string, value: number | string | boolean | number[]): void;
  /** A cell that only Python could answer while there is no Python: its control is switched off. */
  idle(cell: string): boolean;
}

export interface ControlView {
  node: HTMLElement;
  show(sheet: Sheet): void;
}
