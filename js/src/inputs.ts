// Input cells between the host's traits and the sheet.
import type { Sheet } from "./engine/sheet";
import type { Host } from "./host";
import { Roots, treeName } from "./roots";
import type { Control, Mark, Spec } from "./spec";

export type Kind = "number" | "text" | "toggle" | "list";
export type InputValue = number | string | boolean | readonly number[];

/** Every input cell of a lab and what it holds. */
export function inputKinds(spec: Spec): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const { controls } of spec.groups) {
    for (const control of controls) {
      if ("cell" in control) kinds.set(control.cell, kindOf(control));
      if (control.kind === "slider" && control.handle) kinds.set(control.handle.held, "toggle");
      if (control.kind === "text") kinds.set(control.mistake, "text");
    }
  }
  for (const { hold } of spec.links) kinds.set(hold, "text");
  for (const { marks, x, y } of spec.plots) {
    for (const log of [x.log, y.log]) if (log !== undefined) kinds.set(log, "toggle");
    for (const mark of marks) {
      if (mark.kind === "points" && mark.lasso) kinds.set(mark.lasso, "toggle");
      for (const list of listsOf(mark)) kinds.set(list, "list");
    }
  }
  const lists = [spec.refit?.excluded, spec.parabolas?.excluded, spec.listing?.excluded];
  for (const list of [...lists, spec.nudge?.cell]) if (list) kinds.set(list, "list");
  if (spec.refit) {
    const { objective, delta } = spec.refit;
    kinds.set(objective, "text");
    if (!kinds.has(delta)) kinds.set(delta, "number");
  }
  return kinds;
}

function listsOf(mark: Mark): string[] {
  if (mark.kind === "sketch") return [mark.cell];
  if (mark.kind !== "points") return [];
  return [mark.excluded, mark.nudged].filter((list) => list !== undefined);
}

function kindOf(control: Extract<Control, { cell: string }>): Kind {
  if (control.kind === "slider") return "number";
  return control.kind === "toggle" ? "toggle" : "text";
}

/** The trait behind a cell: `wheel.E` is the key `E` of the trait `wheel`. */
export function traitOf(cell: string): string {
  return cell.split(".")[0];
}

/** What the host holds; a key that a dictionary does not have is off, empty or unknown. */
export function readInput(host: Host, cell: string, kind: Kind): InputValue {
  const [trait, key] = cell.split(".");
  const held = host.get(trait);
  const value = key === undefined ? held : (held as Record<string, unknown> | undefined)?.[key];
  switch (kind) {
    case "number":
      return typeof value === "number" ? value : NaN;
    case "toggle":
      return value === true;
    case "text":
      return typeof value === "string" ? value : "";
    case "list":
      return Array.isArray(value) ? value : [];
  }
}

export function writeInput(host: Host, cell: string, value: InputValue): void {
  const [trait, key] = cell.split(".");
  if (key === undefined) host.set(trait, value);
  else host.set(trait, { ...(host.get(trait) as object | undefined), [key]: value });
}

/** What the sheet holds, as the host keeps it. */
export function held(sheet: Sheet, cell: string, kind: Kind): InputValue {
  switch (kind) {
    case "number":
      return sheet.get(cell);
    case "toggle":
      return sheet.get(cell) === 1;
    case "text":
      return sheet.text(cell);
    case "list":
      return [...sheet.list(cell)];
  }
}

export function sameValue(a: InputValue, b: InputValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, i) => value === b[i]);
  }
  return Object.is(a, b);
}

/** True when Python must answer a change of the cell: it or the whole trait behind it is asked. */
export function isAsked(spec: Spec, cell: string): boolean {
  return spec.asks.includes(cell) || spec.asks.includes(traitOf(cell));
}

/** The cells of which the browser's own refit or parabolas can answer a change until the kernel does:
 *  those that they read, and lists of rows. A choice such as the data set they cannot know. */
export function previewed(spec: Spec): Set<string> {
  const { refit, parabolas } = spec;
  if (!refit && !parabolas) return new Set();
  const read = new Roots(spec).computed();
  const known = [...inputKinds(spec)].filter(([cell, kind]) => {
    if (cell === refit?.objective || cell === refit?.delta || kind === "list") return true;
    return kind !== "text" && read.has(treeName(cell));
  });
  return new Set(known.map(([cell]) => cell));
}
