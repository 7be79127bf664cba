// What the cells of a lab are and how they hang together: which are inputs, which are formulas or
// solves, what reads what. Checked once, when the lab is made; holds no values.

import type { Control, Spec, Tree } from "../spec";
import { Graph } from "./compile";
import { Solver } from "./solve";

/** A dotted cell is a key of a dictionary trait; in trees and here its name has an underscore. */
export function plain(cell: string): string {
  return cell.replaceAll(".", "_");
}

export class Cells {
  readonly formulas = new Map<string, Tree>();
  /** Output cell -> the solve that yields it. */
  readonly solvers = new Map<string, Solver>();
  /** Choice cell -> the values of its options. */
  readonly options = new Map<string, string[]>();
  readonly #reads = new Map<string, readonly string[]>();
  readonly #readers = new Map<string, Set<string>>();

  /** Throws when a formula is malformed, a cell is made twice, or formulas read each other in a
   *  circle, naming the cells. */
  constructor(spec: Spec) {
    for (const { cell, tree } of spec.formulas) {
      this.#claim(plain(cell), namesOf(tree, plain(cell)));
      this.formulas.set(plain(cell), tree);
    }
    for (const solve of spec.solves) {
      const named = { ...solve, outputs: solve.outputs.map(plain) };
      for (const goal of ["budget", "target", "demand", "at"] as const) {
        named[goal] &&= plain(named[goal]);
      }
      const solver = new Solver(named);
      for (const output of solver.outputs) {
        this.#claim(output, solver.inputs);
        this.solvers.set(output, solver);
      }
    }
    for (const { array, cell, rows, falls, before } of spec.series ?? []) {
      const reads = [cell, ...Object.values(rows)].map(plain);
      for (const made of [array, falls, before]) this.#claim(made, reads);
    }
    for (const [name, array] of Object.entries(spec.items ?? {})) {
      if (name !== array && this.#reads.has(array)) this.#claim(name, [array]);
    }
    for (const control of controlsOf(spec)) {
      if (control.kind !== "choice") continue;
      this.options.set(
        plain(control.cell),
        control.options.map((option) => option.value),
      );
    }
    this.#refuseCircles();
    for (const cell of this.#reads.keys()) this.#note(cell, cell);
  }

  /** Whether the cell is computed (a formula or a solve) and not set. */
  computed(cell: string): boolean {
    return this.#reads.has(cell);
  }

  /** All cells that change when this one does. */
  readers(cell: string): ReadonlySet<string> {
    return this.#readers.get(cell) ?? new Set();
  }

  #claim(cell: string, reads: readonly string[]): void {
    if (this.#reads.has(cell)) throw new Error(`the cell ${cell} is computed in two ways`);
    this.#reads.set(cell, reads);
  }

  #note(reader: string, cell: string): void {
    for (const read of this.#reads.get(cell) ?? []) {
      const readers = this.#readers.get(read) ?? new Set();
      this.#readers.set(read, readers);
      if (readers.has(reader)) continue;
      readers.add(reader);
      this.#note(reader, read);
    }
  }

  #refuseCircles(): void {
    const done = new Set<string>();
    const path: string[] = [];
    const visit = (cell: string): void => {
      if (done.has(cell)) return;
      if (path.includes(cell)) {
        const circle = [...path.slice(path.indexOf(cell)), cell];
        throw new Error(`formulas read each other in a circle: ${circle.join(" reads ")}`);
      }
      path.push(cell);
      this.#reads.get(cell)?.forEach(visit);
      path.pop();
      done.add(cell);
    };
    for (const cell of this.#reads.keys()) visit(cell);
  }
}

/** The names in a tree; placing it checks it. */
function namesOf(tree: Tree, cell: string): string[] {
  const names = new Set<string>();
  const graph = new Graph();
  const leaf = graph.leaf();
  try {
    graph.place(tree, (name) => {
      names.add(name);
      return leaf;
    });
  } catch (error) {
    throw new Error(`the formula of ${cell}: ${(error as Error).message}`);
  }
  return [...names];
}

function controlsOf(spec: Spec): Control[] {
  return spec.groups.flatMap((group) => group.controls);
}
