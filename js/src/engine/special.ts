// The Gamma function's logarithm and its derivatives, by Stirling's series where it is good, nine to
// the right, and the recurrence back from there. NaN from 0 down, as in Python.

const SHIFT = 9;

function shifted(x: number, stirling: (z: number) => number, step: (x: number) => number): number {
  if (!(x > 0)) return NaN;
  let sum = stirling(x + SHIFT);
  for (let k = 0; k < SHIFT; k++) sum += step(x + k);
  return sum;
}

export function lgamma(x: number): number {
  if (!(x > 0)) return NaN;
  let product = 1; // one logarithm instead of nine
  for (let k = 0; k < SHIFT; k++) product *= x + k;
  const z = x + SHIFT;
  const w = 1 / (z * z);
  const series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / z;
  const back = Number.isFinite(product) ? Math.log(product) : SHIFT * Math.log(x);
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - back;
}

export function digamma(x: number): number {
  const stirling = (z: number): number => {
    const w = 1 / (z * z);
    return Math.log(z) - 0.5 / z - w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w / 240)));
  };
  return shifted(x, stirling, (at) => -1 / at);
}

export function trigamma(x: number): number {
  const stirling = (z: number): number => {
    const w = 1 / (z * z);
    return 1 / z + 0.5 * w + (w / z) * (1 / 6 - w * (1 / 30 - w * (1 / 42 - w / 30)));
  };
  return shifted(x, stirling, (at) => 1 / (at * at));
}
