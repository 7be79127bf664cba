// What all controls share.
import { html } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Roots } from "../roots";

const NO_KERNEL = "Needs Python: this page has no kernel.";

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

/** Hear an event for as long as the lab is there. */
export function on<K extends keyof HTMLElementEventMap>(
  { signal }: ControlEnv,
  node: HTMLElement,
  name: K,
  heard: (event: HTMLElementEventMap[K]) => void,
): void {
  node.addEventListener(name, heard, { signal });
}

/** What there is to say about the control of a cell: above all where only Python could answer. */
export function described(
  env: ControlEnv,
  { cell, help }: { cell: string; help?: string },
): string | undefined {
  return env.idle(cell) ? NO_KERNEL : help;
}

/** The element around the control of a cell. */
export function frame<K extends "div" | "label" | "fieldset">(
  env: ControlEnv,
  control: { cell: string; help?: string },
  tag: K,
  name: string,
  ...children: Node[]
): HTMLElementTagNameMap[K] {
  const title = described(env, control);
  return html(env.doc, tag, { class: name, "data-cell": control.cell, title }, ...children);
}
