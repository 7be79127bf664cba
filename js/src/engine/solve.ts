// The small optimisations of a lab: the best N and D (and P) under a budget or for a quality, and the
// tokens that a model of a given size needs to reach a quality.
//
// Each optimum is the root of first-order conditions in u = log N, v = log D, w = log P, with the slopes
//   p = dL/du = N L_N,   q = dL/dv = D L_D,   r = dL/dw = P L_P.
// Logarithms of their ratios are nearly linear in u, v and w for the laws of the literature (exactly
// so for Chinchilla's and Kaplan's), so the root finder needs a handful of looks at the law. Looking
// for the minimum of the loss itself would lose half of the digits.

import type { Solve, Tree } from "../spec";
import { Graph, Program } from "./compile";
import { Root } from "./root";

/** Under a budget, N and D lie between e**-230 and e**230 (1e-100 and 1e100). */
const LIMIT = 230;
/** A plan that reaches a target has N from 1 to 1e26 and D from 1 to 1e30, as in the kernel. */
const MAX_U = Math.log(1e26);
const MAX_V = Math.log(1e30);
/** Longest first step in log P: short, so that it cannot jump over a gap where a law of the bits is
 *  not defined into a region where it means nothing. */
const BITS_REACH = 0.05;
/** Looks that a polish may take before a search begins, the step in u or v that ends it, and the step
 *  of a difference in place of a slope. */
const POLISH = 8;
const SETTLED = 3e-12;
const NUDGE = 1e-4;
/** Farthest in u that the tangent of the curve of one loss is trusted. */
const FARTHEST = 2;
/** Where a solve looks first for a model that reaches a target. */
const FIRST_U = Math.log(1e9);
const FIRST_V = Math.log(1e11);
/** Numbers that a solve leaves for the next one like it: where it ended, and the slopes there. */
export const WARM = 4;

/** log(a/b) of two slopes, both negative near an optimum; further off only its sign is known. */
function logRatio(a: number, b: number): number {
  if (a < 0 && b < 0) return Math.log(a / b);
  return b > a ? Infinity : b < a ? -Infinity : NaN;
}

/** A law with its slopes at a point. */
class Surface {
  loss = NaN;
  p = NaN;
  q = NaN;
  r = NaN;
  /** Cells that the trees read beside the unknowns. */
  readonly names: string[];
  readonly #program: Program;
  readonly #constants: number[];
  readonly #unknowns: number[];
  readonly #results: number[];

  constructor(trees: Tree[], unknowns: string[]) {
    const graph = new Graph();
    const places = new Map(unknowns.map((name) => [name, graph.leaf(false, true)]));
    const place = (name: string): number => {
      const id = places.get(name) ?? graph.leaf();
      places.set(name, id);
      return id;
    };
    const results = trees.map((tree) => graph.place(tree, place));
    this.names = [...places.keys()].slice(unknowns.length);
    const program = new Program(graph);
    const at = (name: string): number => program.at(place(name));
    this.#constants = this.names.map(at);
    this.#unknowns = unknowns.map(at);
    this.#results = results.map((id) => program.at(id));
    this.#program = program;
  }

  /** Take the values of `names` from `inputs`, from position `first` on. */
  load(inputs: Float64Array, first: number): void {
    const values = this.#program.values;
    for (let k = 0; k < this.#constants.length; k++) values[this.#constants[k]] = inputs[first + k];
    this.#program.cold();
  }

  look(u: number, v: number, w: number): void {
    const values = this.#program.values;
    const N = Math.exp(u);
    const D = Math.exp(v);
    values[this.#unknowns[0]] = N;
    values[this.#unknowns[1]] = D;
    const bits = this.#unknowns.length > 2;
    const P = bits ? Math.exp(w) : 1;
    if (bits) values[this.#unknowns[2]] = P;
    this.#program.hot();
    this.loss = values[this.#results[0]];
    this.p = N * values[this.#results[1]];
    this.q = D * values[this.#results[2]];
    if (bits) this.r = P * values[this.#results[3]];
  }
}

/** Of each kind the cells of its goal, and its outputs. */
const KINDS = {
  budget: { goals: ["budget"], unknowns: ["N", "D"] },
  demand: { goals: ["target", "demand"], unknowns: ["N", "D"] },
  precision: { goals: ["budget"], unknowns: ["N", "D", "P"] },
  reach: { goals: ["target", "at"], unknowns: ["D"] },
} as const;

export class Solver {
  /** Cells that the solve reads, in the order in which `solve` takes their values. */
  readonly inputs: string[];
  readonly outputs: string[];
  readonly #kind: Solve["kind"];
  readonly #factor: number;
  readonly #bits: [number, number];
  readonly #law: Surface;
  readonly #size = new Root((u) => this.#balanceUnderBudget(u));
  readonly #width = new Root((w) => this.#balanceOfBits(w));
  readonly #match = new Root((u) => this.#aboveTarget(u));
  readonly #tokens = new Root((v) => this.#balanceOfDemand(v));
  readonly #enough = new Root((v) => this.#belowTarget(v));
  // what the conditions hold fixed, and where their inner roots are
  #volume = NaN; // u + v + w
  #target = NaN;
  #served = NaN;
  #u = NaN;
  #v = NaN;
  #w = NaN;

  constructor(solve: Solve) {
    const { kind, dN, dP } = solve;
    const { unknowns, goals: wanted } = KINDS[kind];
    const precision = kind === "precision";
    const name = `the solve of ${solve.outputs.join(", ")}`;
    if (precision !== (dP !== undefined)) {
      throw new Error(`${name}: "precision" needs the derivative dP, and only it`);
    }
    if (kind !== "reach" && dN === undefined) {
      throw new Error(`${name}: "${kind}" needs the derivative dN`);
    }
    const goals = wanted.map((goal) => solve[goal]);
    if (goals.includes(undefined)) throw new Error(`${name}: "${kind}" lacks the cell of its goal`);
    if (solve.outputs.length !== unknowns.length) {
      throw new Error(`${name}: "${kind}" has the outputs ${unknowns.join(", ")}`);
    }
    const trees = [solve.loss, dN ?? NaN, solve.dD, ...(dP === undefined ? [] : [dP])];
    this.#law = new Surface(trees, precision ? ["N", "D", "P"] : ["N", "D"]);
    this.inputs = [...(goals as string[]), ...this.#law.names];
    this.outputs = solve.outputs;
    this.#kind = kind;
    this.#factor = (solve.factor ?? 6) / (precision ? 16 : 1);
    this.#bits = solve.bits ?? [1, 16];
  }

  /** Values of `inputs` -> values of `outputs`, NaN where there is no solution. `warm` holds what
   *  the last solve like it left at `at` (NaN at first); it saves steps, never changes the answer. */
  solve(inputs: Float64Array, outputs: Float64Array, warm: Float64Array, at: number): void {
    const kind = this.#kind;
    this.#law.load(inputs, KINDS[kind].goals.length);
    if (kind === "demand") this.#solveDemand(inputs[0], inputs[1], outputs, warm, at);
    else if (kind === "reach") this.#solveReach(inputs[0], inputs[1], outputs, warm, at);
    else if (kind === "budget") this.#solveBudget(inputs[0], outputs, warm, at);
    else this.#solvePrecision(inputs[0], outputs, warm, at);
  }

  #solveReach(
    target: number,
    size: number,
    outputs: Float64Array,
    warm: Float64Array,
    at: number,
  ): void {
    this.#target = target;
    this.#u = Math.log(size);
    const start = Number.isNaN(warm[at]) ? FIRST_V : warm[at];
    const v = this.#enough.find(start, NaN, 0, MAX_V, 2);
    outputs[0] = Math.exp(v);
    if (!Number.isNaN(v)) warm[at] = v;
  }

  /** Rises with D through zero where the loss is the target. */
  #belowTarget(v: number): number {
    this.#law.look(this.#u, v, 0);
    const { loss, q } = this.#law;
    this.#enough.derivative = -q / loss; // see #aboveTarget
    return Math.log(this.#target / loss);
  }

  #solveBudget(budget: number, outputs: Float64Array, warm: Float64Array, at: number): void {
    this.#volume = Math.log(budget / this.#factor);
    this.#u = warm[at];
    this.#size.slope = warm[at + 1];
    const u = this.#underBudget(0);
    outputs[0] = Math.exp(u);
    outputs[1] = budget / (this.#factor * outputs[0]);
    if (Number.isNaN(u)) return;
    warm[at] = u;
    warm[at + 1] = this.#size.slope;
  }

  /** The u of least loss on N D = exp(volume - w). */
  #underBudget(w: number): number {
    this.#w = w;
    const volume = this.#volume - w;
    if (!Number.isFinite(volume)) return NaN;
    const low = Math.max(-LIMIT, volume - LIMIT);
    const high = Math.min(LIMIT, volume + LIMIT);
    const start = Number.isNaN(this.#u) ? volume / 2 : this.#u;
    const u = this.#size.find(start, this.#size.slope, low, high, 1);
    if (!Number.isNaN(u)) this.#u = u;
    return u;
  }

  /** Rises with N: negative where more parameters and fewer tokens are better. */
  #balanceUnderBudget(u: number): number {
    this.#law.look(u, this.#volume - this.#w - u, this.#w);
    return logRatio(this.#law.q, this.#law.p);
  }

  #solvePrecision(budget: number, outputs: Float64Array, warm: Float64Array, at: number): void {
    const [low, high] = this.#bits;
    this.#volume = Math.log(budget / this.#factor);
    this.#u = warm[at];
    this.#size.slope = warm[at + 1];
    const start = Number.isNaN(warm[at + 2]) ? Math.log(high) : warm[at + 2];
    const w = this.#width.find(
      start,
      warm[at + 3],
      Math.log(low),
      Math.log(high),
      BITS_REACH,
      true,
    );
    const u = this.#underBudget(w);
    outputs[0] = Math.exp(u);
    outputs[2] = Number.isNaN(u) ? NaN : Math.min(Math.max(Math.exp(w), low), high);
    outputs[1] = budget / (this.#factor * outputs[0] * outputs[2]);
    if (Number.isNaN(u)) return;
    warm[at] = u;
    warm[at + 1] = this.#size.slope;
    warm[at + 2] = w;
    warm[at + 3] = this.#width.slope;
  }

  /** Rises with P: negative where more bits and fewer tokens are better, as it is where the law has
   *  no value because the bits are too few. */
  #balanceOfBits(w: number): number {
    const u = this.#underBudget(w);
    this.#law.look(u, this.#volume - w - u, w);
    const balance = logRatio(this.#law.q, this.#law.r);
    return Number.isNaN(balance) ? -Infinity : balance;
  }

  #solveDemand(
    target: number,
    served: number,
    outputs: Float64Array,
    warm: Float64Array,
    at: number,
  ): void {
    this.#target = target;
    this.#served = served;
    const known = target > 0 && served >= 0;
    const solved = known && (this.#polishDemand(warm, at) || this.#searchDemand(warm, at));
    outputs[0] = solved ? Math.exp(warm[at + 1]) : NaN;
    outputs[1] = solved ? Math.exp(warm[at]) : NaN;
  }

  /** From the last solution: both conditions at once, in u and v, by Broyden's steps (the slopes of
   *  the loss are known, those of the balance are kept and corrected). Half the looks of a search;
   *  false where it does not settle at once, and then nothing is lost but these looks. */
  #polishDemand(warm: Float64Array, at: number): boolean {
    let v = warm[at];
    let u = warm[at + 1];
    let byU = warm[at + 2]; // slopes of the balance
    let byV = warm[at + 3];
    let du = 0;
    let dv = 0;
    for (let k = 0, last = NaN; k < POLISH && u >= 0 && u <= MAX_U && v >= 0 && v <= MAX_V; k++) {
      this.#law.look(u, v, 0);
      const { p, q } = this.#law;
      const balance = this.#demandBalance(v);
      const gap = this.#target - this.#law.loss;
      if (k > 0) {
        const off = (balance - last - byU * du - byV * dv) / (du * du + dv * dv);
        byU += off * du;
        byV += off * dv;
      }
      const det = byU * q - byV * p;
      du = (-balance * q - byV * gap) / det;
      dv = (byU * gap + balance * p) / det;
      const size = Math.max(Math.abs(du), Math.abs(dv));
      if (!(size < 1)) return false;
      u += du;
      v += dv;
      last = balance;
      if (size <= SETTLED) {
        warm[at] = v;
        warm[at + 1] = u;
        if (k > 0) {
          warm[at + 2] = byU;
          warm[at + 3] = byV;
        }
        return true;
      }
    }
    return false;
  }

  /** From anywhere: the root in v along the curve of the target loss. */
  #searchDemand(warm: Float64Array, at: number): boolean {
    this.#v = FIRST_V;
    this.#u = FIRST_U;
    this.#law.look(MAX_U, MAX_V, 0);
    const { loss, p, q } = this.#law;
    if (loss >= this.#target && p <= 0 && q <= 0) return false; // out of reach for any model
    this.#law.p = NaN; // no slope along the curve is known yet
    const v = this.#tokens.find(this.#v, NaN, 0, MAX_V, 1);
    const u = Number.isNaN(v) ? NaN : this.#sizeAtTarget(v);
    // where only the largest models reach the target, the edge is no optimum
    if (!(u >= 0 && u < MAX_U - 1e-9)) return false;
    const along = this.#law.q / this.#law.p;
    const balance = this.#demandBalance(v);
    this.#law.look(u + NUDGE, v, 0);
    const byU = (this.#demandBalance(v) - balance) / NUDGE;
    warm[at] = v;
    warm[at + 1] = u;
    warm[at + 2] = byU;
    warm[at + 3] = this.#tokens.slope + byU * along;
    return true;
  }

  /** The u with the target loss at v tokens; NaN where no size is enough. */
  #sizeAtTarget(v: number): number {
    const { p, q } = this.#law;
    const slide = p < 0 && q < 0 ? -(q / p) * (v - this.#v) : 0;
    const along = Math.min(Math.max(slide, -FARTHEST), FARTHEST);
    this.#v = v;
    const u = this.#match.find(this.#u + along, NaN, -LIMIT, MAX_U, 2);
    if (!Number.isNaN(u)) this.#u = u;
    return u;
  }

  #aboveTarget(u: number): number {
    this.#law.look(u, this.#v, 0);
    // the logarithm is straight where the loss is far above the target: Newton's step arrives there
    this.#match.derivative = -this.#law.p / this.#law.loss;
    return Math.log(this.#target / this.#law.loss);
  }

  #balanceOfDemand(v: number): number {
    return Number.isNaN(this.#sizeAtTarget(v)) ? -Infinity : this.#demandBalance(v);
  }

  /** Rises with D along the curve of the target loss: negative where more tokens and a smaller model
   *  cost less, 6 N D + 2 N served having its minimum where p/q = 1 + served/(3 D). */
  #demandBalance(v: number): number {
    return logRatio(this.#law.p, this.#law.q) - Math.log1p(this.#served / (3 * Math.exp(v)));
  }
}
