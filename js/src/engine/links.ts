// Links: product = factor * a * b stays true when one of the three is moved.

import type { Link } from "../spec";

/** The cells that follow when `moved` has moved from `before` to its present value, with their new
 *  values. `held` names the cell that stays. Nothing follows while a value is unknown. */
export function follow(
  { product, factor, a, b }: Link,
  moved: string,
  before: number,
  held: string,
  get: (cell: string) => number,
): [string, number][] {
  const followers = (): [string, number][] => {
    if (moved === product && held !== a && held !== b) {
      // nobody is held: both take their share, and keep their ratio
      const scale = Math.sqrt(get(product) / before);
      return [
        [a, get(a) * scale],
        [b, get(product) / (factor * get(a) * scale)],
      ];
    }
    if (moved === product || held === product) {
      const still = moved === product ? held : moved;
      return [[still === a ? b : a, get(product) / (factor * get(still))]];
    }
    return [[product, factor * get(a) * get(b)]];
  };
  if (![product, a, b].includes(moved)) return [];
  const found = followers();
  return found.every(([, value]) => value > 0 && value < Infinity) ? found : [];
}
