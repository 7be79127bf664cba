// Between a slider's value and its place in [0, 1].
import { parseQuantity, QUANTITY_FORMS } from "../engine/quantity";
import type { Slider } from "../spec";

type Range = Pick<Slider, "scale" | "domain" | "step">;

/** 0.2 % of the track for an arrow key. */
export const LOG_STEP = 0.002;

export function positionOf({ scale, domain: [lo, hi] }: Range, value: number): number {
  const share =
    scale === "log" ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo);
  return Math.min(1, Math.max(0, share || 0));
}

/** The value at a place. On a logarithmic track it has three digits: what is shown is what is. */
export function valueAt({ scale, domain: [lo, hi] }: Range, position: number): number {
  if (scale === "log") return Number((lo * (hi / lo) ** position).toPrecision(3));
  return Number((lo + (hi - lo) * position).toPrecision(12));
}

/** What a person typed into the box of a slider, or the reason why it is not taken. */
export function typed(
  { domain, unit }: Pick<Slider, "domain" | "unit">,
  text: string,
  show: (value: number) => string,
): number | string {
  const bare = text.trim();
  const plain = unit && bare.endsWith(unit) ? bare.slice(0, -unit.length) : bare;
  let value: number;
  try {
    value = parseQuantity(plain);
  } catch {
    return QUANTITY_FORMS;
  }
  if (value >= domain[0] && value <= domain[1]) return value;
  return `it goes from ${show(domain[0])} to ${show(domain[1])}`;
}
