import { expect, test } from "vitest";
import { interval } from "../src/engine/quantile";
import { generator } from "./fixture";

/** By sorting, as NumPy's default. */
function sorted(values: number[], share: number): number {
  const order = [...values].sort((a, b) => a - b);
  const position = share * (order.length - 1);
  const k = Math.floor(position);
  const next = order[Math.min(k + 1, order.length - 1)];
  return order[k] === next ? next : order[k] + (position - k) * (next - order[k]);
}

test("is what sorting gives, ties and all", () => {
  const random = generator(41);
  for (let k = 0; k < 500; k++) {
    const size = 1 + Math.floor(60 * random());
    const coarse = random() < 0.5;
    const values = Array.from({ length: size }, () =>
      coarse ? Math.floor(5 * random()) : random(),
    );
    const level = random();
    const [low, high] = interval(Float64Array.from(values), level);
    expect(low).toBeCloseTo(sorted(values, (1 - level) / 2), 12);
    expect(high).toBeCloseTo(sorted(values, 1 - (1 - level) / 2), 12);
  }
});

test("NumPy's figures", () => {
  // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0.05, 0.95]) = [1.0, 7.95]
  const [low, high] = interval(Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6), 0.9);
  expect(low).toBe(1);
  expect(high).toBeCloseTo(7.95, 12);
});

test("draws without a value count for both tails", () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => (i < 5 ? NaN : i));
  expect(interval(values.slice(), 0.9)).toEqual([expect.closeTo(9.7, 9), expect.closeTo(94.3, 9)]);
  values[50] = NaN;
  expect(interval(values, 0.9)).toEqual([NaN, NaN]);
  expect(interval(new Float64Array(0), 0.9)).toEqual([NaN, NaN]);
});

test("infinite draws are values", () => {
  expect(interval(Float64Array.of(1, 2, 3, Infinity, Infinity), 0.9)).toEqual([
    expect.closeTo(1.2, 12),
    Infinity,
  ]);
});
