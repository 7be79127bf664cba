import { expect, test } from "vitest";
import { extent, follow, widen } from "../src/plot/domain";

test("an extent holds what the axis can show and nothing else", () => {
  expect(extent("linear", [3, NaN, -1], [Infinity, 2])).toEqual([-1, 3]);
  expect(extent("log", [3, NaN, -1, 0], [0.5])).toEqual([0.5, 3]);
  expect(extent("log", [NaN, -2], [])).toBeNull();
});

test("widening keeps the middle and gives a single value room", () => {
  const [lo, hi] = widen("log", [1e8, 1e10], 0.1);
  expect(lo * hi).toBeCloseTo(1e18, -8);
  expect(hi / lo).toBeCloseTo(100 ** 1.2, 6);
  expect(widen("linear", [2, 4], 0.5)).toEqual([1, 5]);
  for (const kind of ["log", "linear"] as const) {
    const [low, high] = widen(kind, [3, 3], 0.1);
    expect(low).toBeLessThan(3);
    expect(high).toBeGreaterThan(3);
  }
  expect(widen("linear", [0, 0], 0.1)).toEqual([-1, 1]);
});

test("a domain never shrinks under a moving hand, and fits again at rest", () => {
  let domain = follow(null, [10, 20], true);
  expect(domain).toEqual([10, 20]);
  domain = follow(domain, [12, 18], true);
  expect(domain).toEqual([10, 20]);
  domain = follow(domain, [12, 30], true);
  expect(domain).toEqual([10, 30]);
  expect(follow(domain, [12, 18], false)).toEqual([12, 18]);
});
