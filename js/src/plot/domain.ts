// What an axis shows: all that must be seen, and no movement under the hand that nobody asked for.
import type { Interval, Kind } from "./scale";

/** The smallest interval that holds all values the axis can show; null when there are none. */
export function extent(kind: Kind, ...lists: ArrayLike<number>[]): Interval | null {
  let lo = Infinity;
  let hi = -Infinity;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (!Number.isFinite(value) || (kind === "log" && value <= 0)) continue;
      if (value < lo) lo = value;
      if (value > hi) hi = value;
    }
  }
  return lo <= hi ? [lo, hi] : null;
}

/** The interval with a share of its length added at both ends; a single value gets room as well. */
export function widen(kind: Kind, [lo, hi]: Interval, share: number): Interval {
  if (kind === "log") {
    const by = lo === hi ? 2 : (hi / lo) ** share;
    return [lo / by, hi * by];
  }
  const by = lo === hi ? Math.abs(lo) * 0.1 || 1 : (hi - lo) * share;
  return [lo - by, hi + by];
}

/** The next domain. At rest it is the wanted one. While a hand moves it grows when something
 *  leaves it and never shrinks, so that the picture stands still under the hand. */
export function follow(current: Interval | null, wanted: Interval, moving: boolean): Interval {
  if (current === null || !moving) return wanted;
  return [Math.min(current[0], wanted[0]), Math.max(current[1], wanted[1])];
}
