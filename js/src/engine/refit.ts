// The quick refit: from the present constants a few steps to the optimum of the runs that are left
// in, within the frame in which a run is clicked. SciPy's answer replaces it.

import type { Refit } from "../spec";
import { Graph, Program } from "./compile";
import { type Residuals, descend } from "./descent";
import { readRuns, type Source } from "./source";

/** Huber's deltas that lead to least absolute deviations: a corner can only be neared. */
const NEARLY_ABSOLUTE = [2e-4, 5e-5, 1e-5];
/** Mean misfit, as a part of the loss, from which least squares go first: so far from the runs (a
 *  constant let go by a hand) an objective with straight arms can lead into a corner. */
const FAR_OFF = 0.05;

export class Refitter {
  readonly #spec: Refit;
  readonly #program: Program;
  readonly #places = new Map<string, number>();
  readonly #loss: number;
  readonly #gradient: number[];
  /** Names in the trees that are not constants: cells, read for each run. */
  readonly #cells: string[];

  constructor(spec: Refit) {
    this.#spec = spec;
    if (spec.gradient.length !== spec.constants.length) {
      const count = `${spec.gradient.length} derivatives for ${spec.constants.length} constants`;
      throw new Error(`refit: ${count}`);
    }
    const graph = new Graph();
    for (const { name } of spec.constants) this.#places.set(name, graph.leaf(false, true));
    const own = this.#places.size;
    const place = (name: string): number => {
      const id = this.#places.get(name) ?? graph.leaf(true);
      this.#places.set(name, id);
      return id;
    };
    this.#loss = graph.place(spec.loss, place);
    this.#gradient = spec.gradient.map((tree) => graph.place(tree, place));
    this.#cells = [...this.#places.keys()].slice(own);
    this.#program = new Program(graph);
  }

  /** New values of the constants' cells; empty when there is nothing to fit or no value to begin
   *  with. Constants that a hand holds keep the values of their cells `name`. */
  refit(source: Source): Map<string, number> {
    const { constants } = this.#spec;
    const free = constants.filter(({ held }) => !(Math.abs(source.get(held)) > 0));
    const observed = this.#load(source);
    const rows = this.#counted(source, observed);
    if (free.length === 0 || rows.length < free.length) return new Map();
    for (const { name } of constants) this.#column(name).fill(source.get(name));
    const runs = new Runs(this.#program, rows, observed, {
      loss: this.#loss,
      free: free.map(({ name, positive }) => ({
        at: this.#program.at(this.#places.get(name) as number),
        slope: this.#gradient[constants.findIndex((constant) => constant.name === name)],
        positive,
      })),
    });
    const theta = Float64Array.from(free, ({ cell, positive }) =>
      positive ? Math.log(source.get(cell)) : source.get(cell),
    );
    const deltas = this.#deltas(source);
    if (runs.miss(theta) > FAR_OFF) deltas.unshift(Infinity);
    for (const delta of deltas) if (!descend(runs, theta, delta)) return new Map();
    const found = free.map(({ cell, positive }, k) => {
      return [cell, positive ? Math.exp(theta[k]) : theta[k]] as const;
    });
    return found.every(([, value]) => Number.isFinite(value)) ? new Map(found) : new Map();
  }

  #deltas(source: Source): number[] {
    const objective = source.text(this.#spec.objective);
    if (objective === "lad") return [...NEARLY_ABSOLUTE];
    return [objective === "least_squares" ? Infinity : source.get(this.#spec.delta)];
  }

  #column(name: string): Float64Array {
    return this.#program.column(this.#places.get(name) as number);
  }

  /** Takes what the runs say into the program; returns what was observed. */
  #load(source: Source): Float64Array {
    const { rows, observed } = this.#spec;
    const [measured, ...columns] = readRuns(source, [observed, ...this.#cells], rows);
    this.#program.resize(measured.length);
    this.#cells.forEach((cell, k) => this.#column(cell).set(columns[k]));
    this.#program.cold();
    return measured;
  }

  #counted(source: Source, observed: Float64Array): number[] {
    const out = new Set(source.list(this.#spec.excluded));
    return Array.from(observed.keys()).filter((row) => !out.has(row) && observed[row] > 0);
  }
}

/** Residuals log(predicted) - log(observed) of the rows that count, in the free constants: positive
 *  ones by their logarithm, so that no step can take them below zero. */
class Runs implements Residuals {
  readonly rows: number;
  readonly values: Float64Array;
  readonly slopes: Float64Array[];
  readonly #logs: Float64Array;

  constructor(
    readonly program: Program,
    readonly which: number[],
    observed: Float64Array,
    readonly law: { loss: number; free: { at: number; slope: number; positive: boolean }[] },
  ) {
    this.rows = which.length;
    this.values = new Float64Array(this.rows);
    this.slopes = law.free.map(() => new Float64Array(this.rows));
    this.#logs = Float64Array.from(which, (row) => Math.log(observed[row]));
  }

  /** Mean size of the residuals. */
  miss(theta: Float64Array): number {
    this.look(theta);
    return this.values.reduce((sum, value) => sum + Math.abs(value), 0) / this.rows;
  }

  look(theta: Float64Array): void {
    const { program, which, law } = this;
    const constants = law.free.map(({ positive }, k) => (positive ? Math.exp(theta[k]) : theta[k]));
    law.free.forEach(({ at }, k) => (program.values[at] = constants[k]));
    program.hot();
    const predicted = program.column(law.loss);
    const wide = predicted.length > 1 ? 1 : 0;
    for (let i = 0; i < this.rows; i++) {
      this.values[i] = Math.log(predicted[wide * which[i]]) - this.#logs[i];
    }
    law.free.forEach(({ slope, positive }, k) => {
      const column = program.column(slope);
      const stride = column.length > 1 ? 1 : 0;
      const scale = positive ? constants[k] : 1;
      const slopes = this.slopes[k];
      for (let i = 0; i < this.rows; i++) {
        const row = which[i];
        slopes[i] = (scale * column[stride * row]) / predicted[wide * row];
      }
    });
  }
}
