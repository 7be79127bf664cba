// Where a function that rises through zero does so: secant or Newton steps, kept inside what the
// signs have shown so far, so that a bad start or a kink costs steps and not the answer.

const TOLERANCE = 3e-14;
const MAX_STEPS = 200;
/** After so many steps every second one halves the bracket, whatever the secant says. */
const PATIENCE = 12;
const SCAN = 24;
/** A secant over a longer step than LOCAL says nothing about how near the root is: look NEARBY. */
const LOCAL = 1;
const NEARBY = 1e-3;

export class Root {
  /** Set by the function to its derivative where it knows it; then steps are Newton's. */
  derivative = NaN;
  /** The slope at the last root found: for the first step of a next search near by. */
  slope = NaN;
  readonly #of: (x: number) => number;

  /** A value of NaN says "outside the domain"; an infinite one is a sign without a size. */
  constructor(of: (x: number) => number) {
    this.#of = of;
  }

  /** The root in [low, high], to about 3e-14 (1 + |x|). Where the function has one sign all the
   *  way to an end: that end if `ends` says so, else NaN. `reach` is the longest first step. */
  find(
    start: number,
    slope: number,
    low: number,
    high: number,
    reach: number,
    ends = false,
  ): number {
    let x = Math.min(Math.max(start, low), high);
    let value = this.#of(x);
    for (let k = 0; Number.isNaN(value) && k <= SCAN; k++) {
      x = low + ((high - low) * k) / SCAN;
      value = this.#of(x);
    }
    let last = NaN; // where the slope was taken to
    let below = false; // a place with a negative value is known, and it is `low`
    let above = false;
    for (let step = 0; step < MAX_STEPS && !Number.isNaN(value); step++) {
      const secant = Number.isNaN(this.derivative);
      const gradient = secant ? slope : this.derivative;
      let next = value === 0 ? x : x - value / gradient;
      const tolerance = TOLERANCE * (1 + Math.abs(x));
      const usable =
        value === 0 || (gradient > 0 && gradient < Infinity && Math.abs(value) < Infinity);
      const stale = secant && value !== 0 && Math.abs(x - last) > LOCAL;
      if (usable && Math.abs(next - x) <= tolerance) {
        if (!stale) return this.#found(Math.min(Math.max(next, low), high), gradient);
        next = value < 0 ? x + NEARBY : x - NEARBY;
      }
      if (value < 0) {
        low = x;
        below = true;
      } else {
        high = x;
        above = true;
      }
      if (below && above) {
        const end = next <= low ? low : next >= high ? high : NaN;
        // a hair beyond what the signs allow: that is rounding, and the end is the root
        if (usable && !stale && Math.abs(next - end) <= 0.1 * tolerance) {
          return this.#found(end, gradient);
        }
        const stuck = step > PATIENCE && step % 2 === 0;
        if (!usable || stuck || !Number.isNaN(end)) next = low + (high - low) / 2;
      } else {
        if (!usable || Math.abs(next - x) > reach) next = value < 0 ? x + reach : x - reach;
        next = Math.min(Math.max(next, low), high);
        reach *= 4;
      }
      if (Math.abs(next - x) <= tolerance) return (below && above) || ends ? x : NaN;
      let after = this.#of(next);
      while (Number.isNaN(after) && Math.abs(next - x) > tolerance) {
        // over the edge of the domain: it is the new end, and the next try lies halfway to it
        if (next > x) high = next;
        else low = next;
        next = x + (next - x) / 2;
        after = this.#of(next);
      }
      slope = (after - value) / (next - x);
      last = x;
      x = next;
      value = after;
    }
    return NaN;
  }

  #found(x: number, slope: number): number {
    this.slope = slope;
    return x;
  }
}
