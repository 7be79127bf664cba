// A damped Gauss-Newton descent on Huber's loss of residuals.

/** Residuals and their slopes at a point. */
export interface Residuals {
  readonly rows: number;
  /** Compute `values` and `slopes` (one column a constant) at theta. */
  look(theta: Float64Array): void;
  readonly values: Float64Array;
  readonly slopes: readonly Float64Array[];
}

const MAX_STEPS = 20;
const MAX_TRIES = 10;
const FIRST_DAMPING = 1e-6;
/** A step that promises less than this part of the objective is the last. */
const SETTLED = 1e-10;
/** How stiff residuals beyond delta are taken to be, relative to reweighted least squares. That (1)
 *  always goes down but only halves what is left; true curvature (0) leaves too few rows for a step.
 *  Near the optimum a little is best: at 0.05, leaving out one of the 240 runs of Chinchilla takes
 *  four steps to settle to 1e-6 of the gain. */
const LEAST_FIRM = 0.02;
const FIRST_FIRM = 0.05;

interface Normal {
  /** Lower halves of the matrices of the rows within delta, and beyond it (reweighted). */
  near: Float64Array;
  far: Float64Array;
  downhill: Float64Array;
}

/** Moves theta downhill to (nearly) the least sum of Huber's losses; false when there is no value to
 *  begin with. A delta of Infinity means least squares. */
export function descend(problem: Residuals, theta: Float64Array, delta: number): boolean {
  let damping = FIRST_DAMPING;
  let firmness = FIRST_FIRM;
  problem.look(theta);
  let objective = total(problem, delta);
  if (!Number.isFinite(objective)) return false;
  for (let k = 0; k < MAX_STEPS; k++) {
    const normal = normalEquations(problem, theta.length, delta);
    let lower = NaN;
    for (let t = 0; t < MAX_TRIES && !(lower < objective); t++) {
      const step = solve(normal, firmness, damping);
      if (step) {
        if (promise(step, normal.downhill) < SETTLED * objective) return true;
        const trial = theta.map((at, j) => at + step[j]);
        problem.look(trial);
        lower = total(problem, delta);
        if (lower < objective) theta.set(trial);
      }
      if (lower < objective) {
        firmness = Math.max(LEAST_FIRM, firmness / 4);
        damping /= 50;
      } else if (firmness < 1) {
        firmness = Math.min(1, firmness * 5);
      } else {
        damping = Math.max(damping * 10, 1e-4);
      }
    }
    if (!(lower < objective)) break;
    objective = lower;
  }
  return true;
}

function total({ values, rows }: Residuals, delta: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const r = Math.abs(values[i]);
    sum += r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta);
  }
  return sum;
}

function normalEquations({ values, slopes, rows }: Residuals, size: number, delta: number): Normal {
  const near = new Float64Array(size * size);
  const far = new Float64Array(size * size);
  const downhill = new Float64Array(size);
  for (let i = 0; i < rows; i++) {
    const r = values[i];
    const beyond = Math.abs(r) > delta;
    const matrix = beyond ? far : near;
    const pull = beyond ? Math.sign(r) * delta : r;
    const stiffness = beyond ? delta / Math.abs(r) : 1;
    for (let j = 0; j < size; j++) {
      const slope = slopes[j][i];
      downhill[j] -= pull * slope;
      for (let m = 0; m <= j; m++) matrix[j * size + m] += stiffness * slope * slopes[m][i];
    }
  }
  return { near, far, downhill };
}

function promise(step: Float64Array, downhill: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < step.length; j++) sum += 0.5 * step[j] * downhill[j];
  return sum;
}

/** The step: Cholesky's solution of (near + firmness far) step = downhill with each diagonal element
 *  raised by the damping; undefined when singular. */
function solve(
  { near, far, downhill }: Normal,
  firmness: number,
  damping: number,
): Float64Array | undefined {
  const size = downhill.length;
  const factor = near.map((value, k) => value + firmness * far[k]);
  const x = Float64Array.from(downhill);
  for (let i = 0; i < size; i++) {
    const diagonal = factor[i * size + i] * (1 + damping);
    factor[i * size + i] = diagonal;
    for (let j = 0; j <= i; j++) {
      let sum = factor[i * size + j];
      for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
      if (i !== j) factor[i * size + j] = sum / factor[j * size + j];
      else if (sum > 1e-14 * diagonal) factor[i * size + i] = Math.sqrt(sum);
      else return undefined;
    }
    for (let k = 0; k < i; k++) x[i] -= factor[i * size + k] * x[k];
    x[i] /= factor[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= factor[k * size + i] * x[k];
    x[i] /= factor[i * size + i];
  }
  return x;
}
