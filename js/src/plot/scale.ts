// Values to pixels, and where the ticks stand. A page of our own instead of d3-scale, because the
// bundle is paid again by every lab of a notebook and d3-scale brings 29 kB.

export type Interval = [number, number];
export type Kind = "log" | "linear";

export interface Tick {
  value: number;
  labelled: boolean;
}

const FAR = 1e5; // px; browsers draw garbage from coordinates much larger than this

export class Scale {
  readonly #low: number;
  readonly #perPixel: number;
  readonly #key: string;

  constructor(
    readonly kind: Kind,
    readonly domain: Interval,
    readonly range: Interval,
  ) {
    this.#low = this.#forward(domain[0]);
    this.#perPixel = (range[1] - range[0]) / (this.#forward(domain[1]) - this.#low);
    this.#key = [kind, domain, range].join();
  }

  #forward(value: number): number {
    return this.kind === "log" ? Math.log(value) : value;
  }

  /** The pixel; NaN for what this axis cannot show. */
  at(value: number): number {
    const pixel = this.range[0] + (this.#forward(value) - this.#low) * this.#perPixel;
    return pixel > FAR ? FAR : pixel < -FAR ? -FAR : pixel;
  }

  invert(pixel: number): number {
    const value = this.#low + (pixel - this.range[0]) / this.#perPixel;
    return this.kind === "log" ? Math.exp(value) : value;
  }

  /** Values evenly spaced on the axis, its ends included. */
  grid(points: number): Float64Array {
    const [from, to] = this.range;
    return Float64Array.from({ length: points }, (_, i) => {
      if (i === 0) return this.domain[0];
      if (i === points - 1) return this.domain[1];
      return this.invert(from + ((to - from) * i) / (points - 1));
    });
  }

  same(other: Scale | null): boolean {
    return other !== null && this.#key === other.#key;
  }

  /** Ticks at round values; about `room` labels fit. */
  ticks(room: number): Tick[] {
    const decades = Math.log10(this.domain[1] / this.domain[0]);
    if (this.kind === "linear" || decades < 0.8) return roundTicks(this.domain, room);
    return logTicks(this.domain, room);
  }
}

/** Multiples of 1, 2 or 5 times a power of ten. */
function roundTicks([lo, hi]: Interval, room: number): Tick[] {
  const rough = (hi - lo) / Math.max(1, room);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10);
  const ticks: Tick[] = [];
  for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9; i++) {
    ticks.push({ value: Number((i * step).toPrecision(12)), labelled: true });
  }
  return ticks;
}

function logTicks([lo, hi]: Interval, room: number): Tick[] {
  const first = Math.floor(Math.log10(lo));
  const last = Math.ceil(Math.log10(hi));
  const decades = Math.log10(hi / lo);
  const every = Math.max(1, Math.ceil(decades / Math.max(1, room)));
  const minors = decades > 5 ? [1] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const labelled = decades * 3 <= room ? [1, 2, 5] : decades * 2 <= room ? [1, 3] : [1];
  const ticks: Tick[] = [];
  for (let power = first; power <= last; power++) {
    for (const minor of minors) {
      const value = minor * 10 ** power;
      if (value < lo * (1 - 1e-9) || value > hi * (1 + 1e-9)) continue;
      // toPrecision: 3 * 10 ** -3 is 0.0030000000000000001 otherwise
      ticks.push({
        value: Number(value.toPrecision(12)),
        labelled: labelled.includes(minor) && (minor > 1 || power % every === 0),
      });
    }
  }
  return ticks;
}
