// What a cell hangs on, so that a frame recomputes and redraws only what was moved.
import type { Spec, Tree } from "./spec";

/** Cells that changed since the last frame; "all" when the kernel has answered. */
export type Changed = ReadonlySet<string> | "all";

/** A dotted cell's name in trees. */
export function treeName(cell: string): string {
  return cell.replaceAll(".", "_");
}

export function touches(roots: ReadonlySet<string>, changed: Changed): boolean {
  if (changed === "all") return true;
  for (const cell of changed) if (roots.has(cell)) return true;
  return false;
}

function namesIn(tree: Tree, into: Set<string>): void {
  if (typeof tree === "string") into.add(tree);
  else if (Array.isArray(tree)) for (const operand of tree.slice(1)) namesIn(operand as Tree, into);
}

export class Roots {
  readonly #direct = new Map<string, Set<string>>();
  readonly #nudge: Spec["nudge"];

  constructor(spec: Spec) {
    this.#nudge = spec.nudge;
    for (const { cell, tree } of spec.formulas) {
      const names = new Set<string>();
      namesIn(tree, names);
      this.#direct.set(treeName(cell), names);
    }
    for (const { array, cell, rows, falls, before } of spec.series ?? []) {
      const names = new Set([treeName(cell), ...Object.values(rows).map(treeName)]);
      for (const made of [array, falls, before]) this.#direct.set(made, names);
    }
    for (const [name, array] of Object.entries(spec.items ?? {})) {
      if (name !== array) this.#direct.set(name, new Set([array]));
    }
    for (const solve of spec.solves) {
      const names = new Set<string>();
      for (const tree of [solve.loss, solve.dN, solve.dD, solve.dP]) {
        if (tree !== undefined) namesIn(tree, names);
      }
      for (const unknown of ["N", "D", "P"]) names.delete(unknown);
      for (const cell of [solve.budget, solve.target, solve.demand, solve.at]) {
        if (cell !== undefined) names.add(treeName(cell));
      }
      for (const output of solve.outputs) this.#direct.set(treeName(output), names);
    }
  }

  /** Every cell that the given cells hang on, themselves included. `fixed` cells are given by an
   *  axis or a row, so neither they nor what is behind them count. */
  of(cells: readonly string[], fixed: readonly string[] = []): Set<string> {
    const found = new Set<string>();
    const skip = new Set(fixed.map(treeName));
    const open = cells.map(treeName);
    for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
      if (found.has(cell) || skip.has(cell)) continue;
      found.add(cell);
      for (const name of this.#direct.get(cell) ?? []) open.push(name);
    }
    return found;
  }

  /** The same for cells that are read for each row, which gives the cells of `rows`: what moves an
   *  array under the hand counts too. */
  ofRows(cells: readonly string[], rows: Record<string, string>): Set<string> {
    const found = this.of(cells, Object.keys(rows));
    const nudge = this.#nudge;
    if (nudge && Object.values(rows).includes(nudge.array)) found.add(treeName(nudge.cell));
    return found;
  }

  /** Every cell from which a formula or an optimum is computed, themselves included. */
  computed(): Set<string> {
    return this.of([...this.#direct.keys()]);
  }
}
