// How to recompute some cells while others take given values: the part of the spreadsheet between
// them, as one program. A plan is made once for each such question and kept.

import type { Cells } from "./cells";
import { type Call, Graph, type Items, Program } from "./compile";
import { type Solver, WARM } from "./solve";

export class Plan {
  /** Whether it solves: then a lane takes microseconds and not nanoseconds. */
  solves = false;
  /** Whose values it holds: work in slices looks whether another user came between. */
  user: unknown;
  /** Cells whose present values the plan takes from the sheet. */
  readonly needs: string[] = [];
  readonly #cells: Cells;
  readonly #graph: Graph;
  readonly #places = new Map<string, number>();
  readonly #overrides: ReadonlySet<string>;
  readonly #program: Program;
  readonly #warm = new Map<Call, { hot: boolean; kept: Float64Array }>();
  #point = 0;
  #points = 1;

  /** `wide` cells take a value a lane, `hot` cells one value after the other; both are fixed to what
   *  they are given even where they have a formula. */
  constructor(
    cells: Cells,
    readonly targets: string[],
    wide: string[],
    hot: string[],
    items?: Items,
  ) {
    this.#cells = cells;
    this.#graph = new Graph(items);
    this.#overrides = new Set([...wide, ...hot]);
    for (const cell of wide) this.#places.set(cell, this.#graph.leaf(true));
    for (const cell of hot) this.#places.set(cell, this.#graph.leaf(false, true));
    for (const target of targets) this.#place(target, true);
    this.#program = new Program(this.#graph);
  }

  /** Make room for lanes and for points, the values that hot cells will take. */
  fit(lanes: number, points: number): void {
    if (lanes === this.#program.lanes && points === this.#points) return;
    if (lanes !== this.#program.lanes) this.#program.resize(lanes);
    this.#points = points;
    for (const warm of this.#warm.values()) {
      warm.kept = new Float64Array(lanes * (warm.hot ? points : 1) * WARM).fill(NaN);
    }
  }

  set(cell: string, values: ArrayLike<number>): void {
    this.#program.column(this.#place(cell)).set(values);
  }

  /** Take the values of `needs`, in order. */
  load(values: ArrayLike<number>): void {
    for (let k = 0; k < this.needs.length; k++) {
      this.#program.values[this.#program.at(this.#place(this.needs[k]))] = values[k];
    }
  }

  /** Compute what hot cells do not move. */
  cold(first?: number, end?: number): void {
    this.#program.cold(first, end);
  }

  /** Compute the rest, hot cells being at their point-th values. */
  hot(point: number, first?: number, end?: number): void {
    this.#point = point;
    this.#program.hot(first, end);
  }

  /** The values of a target: one a lane, or one for all of them. */
  column(target: string): Float64Array {
    return this.#program.column(this.#place(target));
  }

  #place(cell: string, asked = false): number {
    const known = this.#places.get(cell);
    if (known !== undefined) return known;
    const moves = [...this.#overrides].some((override) => this.#cells.readers(override).has(cell));
    if (!this.#cells.computed(cell) || !(moves || asked)) {
      this.needs.push(cell);
      return this.#keep(cell, this.#graph.leaf());
    }
    const solver = this.#cells.solvers.get(cell);
    if (solver) return this.#placeSolve(cell, solver);
    const tree = this.#cells.formulas.get(cell) ?? NaN;
    return this.#keep(
      cell,
      this.#graph.place(tree, (name) => this.#place(name)),
    );
  }

  #keep(cell: string, id: number): number {
    this.#places.set(cell, id);
    return id;
  }

  #placeSolve(cell: string, solver: Solver): number {
    this.solves = true;
    const inputs = solver.inputs.map((name) => this.#place(name));
    const warm = { hot: inputs.some((id) => this.#graph.nodes[id].hot), kept: new Float64Array(0) };
    warm.kept = new Float64Array(WARM).fill(NaN);
    const call: Call = (values, results, lane) => {
      const lanes = this.#program.lanes;
      const point = warm.hot ? this.#point : 0;
      const at = (point * lanes + lane) * WARM;
      // the first time, begin where a neighbour ended: the point before, or the lane before
      const back = point > 0 ? lanes * WARM : lane > 0 ? WARM : 0;
      if (back > 0 && Number.isNaN(warm.kept[at])) {
        warm.kept.copyWithin(at, at - back, at - back + WARM);
      }
      solver.solve(values, results, warm.kept, at);
    };
    this.#warm.set(call, warm);
    const results = this.#graph.call(call, inputs, solver.outputs.length);
    // an output that a plan fixes stays fixed; the others are the solve's
    solver.outputs.forEach((output, k) => {
      if (!this.#places.has(output)) this.#keep(output, results[k]);
    });
    return this.#places.get(cell) as number;
  }
}

/** How many lanes these columns of a plan have. */
export function lanesOf(columns: ReadonlyMap<string, ArrayLike<number>>): number {
  const lanes = Math.max(0, ...[...columns.values()].map(({ length }) => length));
  const short = [...columns].find(([, { length }]) => length !== lanes);
  if (short) throw new Error(`${short[0]} has ${short[1].length} values where others have ${lanes}`);
  return lanes;
}
