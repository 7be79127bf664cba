// Approach 2 in the browser: a parabola of the loss in the log of the size through the runs of each
// budget, and the power law through their lowest points, as scalewidgets/fitting/approaches does it.

import type { Parabolas } from "../spec";
import { readRuns, type Source } from "./source";

/** New values of array facts and of fact cells. */
export interface Found {
  arrays: Record<string, Float64Array>;
  numbers: Record<string, number>;
}

/** Points of a curve. */
const POINTS = 33;
/** Different sizes that a parabola needs. */
const SIZES = 3;
/** Budgets whose logs scatter less than this are one (the sum of their squares). */
const ONE_BUDGET = 1e-12;

/** The runs of one group, their x and the fitted y by their natural logs. */
interface Runs {
  group: number;
  xs: number[];
  ys: number[];
}

/** y = level + slope s + curvature s^2, where s = log x - middle. */
interface Parabola {
  middle: number;
  level: number;
  slope: number;
  curvature: number;
}

interface Lowest {
  group: number;
  x: number;
  y: number;
}

/** Curves, lowest points and power law of the runs that are in, by ascending group; undefined while
 *  the curves are other ones. A group of fewer than three sizes has no curve, a curve that opens
 *  downwards no lowest point, and fewer than two lowest points no power law: it is NaN. */
export function fitParabolas(spec: Parabolas, source: Source): Found | undefined {
  if (!(Math.abs(source.get(spec.active)) > 0)) return undefined;
  const groups = groupsOf(spec, source).filter(({ xs }) => new Set(xs).size >= SIZES);
  const parabolas = groups.map(leastSquares);
  const grids = groups.map(({ xs }) => evenly(Math.min(...xs), Math.max(...xs)));
  const heights = grids.map((grid, k) => grid.map((at) => valueAt(parabolas[k], at)));
  const lowest = groups.flatMap(({ group }, k) => lowestOf(group, parabolas[k]));
  const [factor, exponent] = powerLaw(lowest);
  return {
    arrays: {
      [spec.curves.x]: joined(grids.map((grid) => grid.map(Math.exp))),
      [spec.curves.y]: joined(heights),
      [spec.lowest.group]: Float64Array.from(lowest, ({ group }) => group),
      [spec.lowest.x]: Float64Array.from(lowest, ({ x }) => x),
      [spec.lowest.y]: Float64Array.from(lowest, ({ y }) => y),
    },
    numbers: { [spec.factor]: factor, [spec.exponent]: exponent },
  };
}

function groupsOf({ rows, group, x, y, excluded }: Parabolas, source: Source): Runs[] {
  const [budgets, xs, ys] = readRuns(source, [group, x, y], rows);
  const out = new Set(source.list(excluded));
  const groups = new Map<number, Runs>();
  for (let row = 0; row < ys.length; row++) {
    const [budget, at] = [budgets[row], Math.log(xs[row])];
    if (out.has(row) || !(budget > 0) || !Number.isFinite(at + ys[row])) continue;
    const runs = groups.get(budget) ?? { group: budget, xs: [], ys: [] };
    groups.set(budget, runs);
    runs.xs.push(at);
    runs.ys.push(ys[row]);
  }
  return [...groups.values()].sort((a, b) => a.group - b.group);
}

/** By polynomials that are orthogonal over the runs, 1, s and q = s^2 - skew s - spread: each
 *  coefficient by itself, and nothing ill-conditioned to solve, wherever the runs lie. */
function leastSquares({ xs, ys }: Runs): Parabola {
  const middle = mean(xs);
  const s = xs.map((x) => x - middle);
  const squares = s.map((v) => v * v);
  const spread = mean(squares);
  const skew = dot(squares, s) / dot(s, s);
  const q = s.map((v, i) => squares[i] - skew * v - spread);
  const curvature = dot(q, ys) / dot(q, q);
  const slope = dot(s, ys) / dot(s, s) - curvature * skew;
  return { middle, level: mean(ys) - curvature * spread, slope, curvature };
}

function valueAt({ middle, level, slope, curvature }: Parabola, at: number): number {
  const s = at - middle;
  return level + (slope + curvature * s) * s;
}

/** A curve that is nearly flat has its lowest point anywhere: below one parameter or token it is
 *  none. N D = C/6, so that x goes up to a sixth of the group. */
function lowestOf(group: number, parabola: Parabola): Lowest[] {
  const at = parabola.middle - parabola.slope / (2 * parabola.curvature);
  const there = parabola.curvature > 0 && at >= 0 && at <= Math.log(group / 6);
  return there ? [{ group, x: Math.exp(at), y: valueAt(parabola, at) }] : [];
}

/** Factor and exponent of x = factor * group^exponent, by least squares in the logs. */
function powerLaw(lowest: Lowest[]): [number, number] {
  const budgets = lowest.map(({ group }) => Math.log(group));
  const sizes = lowest.map(({ x }) => Math.log(x));
  const middle = mean(budgets);
  const s = budgets.map((v) => v - middle);
  const square = dot(s, s);
  const exponent = square > ONE_BUDGET ? dot(s, sizes) / square : NaN;
  return [Math.exp(mean(sizes) - exponent * middle), exponent];
}

function evenly(low: number, high: number): number[] {
  return Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
}

/** One curve after the other, NaN between them. */
function joined(curves: number[][]): Float64Array {
  return Float64Array.from(curves.flatMap((curve, k) => (k > 0 ? [NaN, ...curve] : curve)));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
