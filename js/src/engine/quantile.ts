// Percentile intervals of draws.

/** The two ends of the central interval, linear between order statistics as NumPy's quantile. Draws
 *  without a value (NaN) may lie anywhere: when a tail cannot hold them all, the ends are NaN.
 *  Reorders `values`. */
export function interval(values: Float64Array, level: number): [number, number] {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) values[count++] = values[i];
  }
  const tail = (1 - level) / 2;
  // a hair of slack: a tail of (1 - 0.9)/2 of 100 draws holds five, whatever rounding says
  if (count === 0 || values.length - count > tail * values.length + 1e-9) return [NaN, NaN];
  const low = quantile(values, 0, count, tail);
  return [low, quantile(values, Math.floor(tail * (count - 1)), count, 1 - tail)];
}

/** Needs the `from` smallest values to be in front. */
function quantile(values: Float64Array, from: number, count: number, share: number): number {
  const position = share * (count - 1);
  const k = Math.floor(position);
  select(values, from, count - 1, k);
  const here = values[k];
  const part = position - k;
  if (part === 0 || k + 1 >= count) return here;
  let next = Infinity;
  for (let i = k + 1; i < count; i++) if (values[i] < next) next = values[i];
  return here === next ? here : here + part * (next - here);
}

/** Hoare's selection: afterwards values[k] is the k-th smallest, nothing before it is larger. */
function select(values: Float64Array, low: number, high: number, k: number): void {
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        const held = values[i];
        values[i++] = values[j];
        values[j--] = held;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else return;
  }
}
