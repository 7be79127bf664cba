// Intervals over the draws of the constants, in slices. Draws are the lanes of a plan and the grid
// its points: the draws at a point lie side by side for their quantiles, and what only the constants
// move is computed once.

import type { Plan } from "./plan";
import { interval } from "./quantile";

export interface Interval {
  lo: Float64Array;
  hi: Float64Array;
}

/** What is computed draw by draw, as inputs and facts were when it was asked. */
export interface Sweep {
  plan: Plan;
  /** Values of what the plan needs, in order. */
  needs: readonly number[];
  /** Cell -> its draws, one a lane. */
  draws: ReadonlyMap<string, Float64Array>;
  lanes: number;
  /** Cells that take the values of the grid, one point after the other. */
  x: readonly string[];
  grid: Float64Array;
}

/** Lanes of a plan that solves, between two looks at the clock. */
const SLICE = 32;

/** Draws of a constant, moved to where a preview or a hand has taken the constant. */
export function moved(
  draws: Float64Array,
  present: number,
  centre: number,
  positive: boolean,
): Float64Array {
  return draws.map(
    positive ? (draw) => (draw * present) / centre : (draw) => draw + (present - centre),
  );
}

/** The interval of each target of the plan at each point of the grid; NaN where more draws than a
 *  tail of the interval holds have no value, and where there are none. */
export function* intervals(sweep: Sweep, level: number): Generator<void, Interval[]> {
  const { plan, lanes, grid } = sweep;
  const bands = plan.targets.map(() => ({
    lo: new Float64Array(grid.length).fill(NaN),
    hi: new Float64Array(grid.length).fill(NaN),
  }));
  const values = new Float64Array(lanes);
  for (let point = 0; point < grid.length && lanes > 0; point++) {
    yield* compute(sweep, point, values);
    plan.targets.forEach((target, k) => {
      const column = plan.column(target);
      values.fill(column[0]).set(column);
      [bands[k].lo[point], bands[k].hi[point]] = interval(values, level);
    });
    yield;
  }
  return bands;
}

/** All draws at a point. Begins again when another user of the plan came between two slices; what
 *  the constants alone move stays from the point before. */
function* compute(
  { plan, needs, draws, lanes, x, grid }: Sweep,
  point: number,
  user: Float64Array,
): Generator<void> {
  const slice = plan.solves ? SLICE : lanes;
  let cold = lanes;
  let hot = 0;
  while (hot < lanes) {
    if (plan.user !== user) {
      plan.fit(lanes, grid.length);
      plan.load(needs);
      for (const [cell, column] of draws) plan.set(cell, column);
      plan.user = user;
      cold = hot = 0;
    }
    if (cold < lanes) {
      plan.cold(cold, Math.min(cold + slice, lanes));
      cold += slice;
    } else {
      for (const cell of x) plan.set(cell, [grid[point]]);
      plan.hot(point, hot, Math.min(hot + slice, lanes));
      hot += slice;
    }
    if (hot < lanes) yield;
  }
}
