import { describe, expect, test } from "vitest";
import { Root } from "../src/engine/root";
import { generator } from "./fixture";

/** The root found, and the number of looks that it took. */
function find(
  of: (x: number) => number,
  start: number,
  low = -230,
  high = 230,
  ends = false,
): { x: number; looks: number } {
  let looks = 0;
  const root = new Root((x) => {
    looks++;
    return of(x);
  });
  return { x: root.find(start, NaN, low, high, 1, ends), looks };
}

describe("rising functions", () => {
  const shapes: ((x: number) => number)[] = [
    (x) => x,
    (x) => 0.01 * x,
    (x) => Math.expm1(x),
    (x) => -Math.expm1(-x),
    (x) => x ** 3,
    (x) => Math.atan(x),
    (x) => Math.sign(x) * Math.sqrt(Math.abs(x)),
    (x) => Math.sign(x) * Math.log1p(1e6 * Math.abs(x)),
    (x) => Math.tanh(50 * x) + 1e-9 * x,
  ];
  test.each(shapes.map((shape, k) => [k, shape] as const))("shape %d", (k, shape) => {
    const random = generator(k + 1);
    for (let trial = 0; trial < 200; trial++) {
      const at = 100 * random() - 50;
      const start = at + (random() < 0.5 ? 200 : 4) * (random() - 0.5);
      const { x, looks } = find((u) => shape(u - at), start);
      // the flat root of a cube is only as sharp as rounding leaves it
      expect(Math.abs(x - at)).toBeLessThan(k === 4 ? 1e-4 : 1e-11);
      expect(looks).toBeLessThan(160);
    }
  });

  test("a straight line takes four looks at most", () => {
    expect(find((x) => 0.7 * (x - 23), 20).looks).toBeLessThanOrEqual(4);
  });

  test("with the derivative the steps are Newton's", () => {
    let looks = 0;
    const root: Root = new Root((x) => {
      looks++;
      root.derivative = Math.exp(x);
      return Math.exp(x) - 2;
    });
    expect(root.find(0.5, NaN, -10, 10, 1)).toBeCloseTo(Math.LN2, 14);
    expect(looks).toBeLessThanOrEqual(5);
  });
});

describe("ends and edges", () => {
  test("without a change of sign there is no root, or the end where ends count", () => {
    expect(find((x) => x + 500, 0).x).toBeNaN();
    expect(find((x) => x - 500, 0).x).toBeNaN();
    expect(find((x) => x + 500, 0, -230, 230, true).x).toBe(-230);
    expect(find((x) => x - 500, 0, -230, 230, true).x).toBe(230);
  });

  test("a root at an end is a root", () => {
    expect(find((x) => x - 3, 3, 3, 10).x).toBe(3);
    expect(find((x) => x - 3, 7, -10, 3).x).toBeCloseTo(3, 12);
  });

  test("a jump through zero is a root: the kink of a law is its optimum", () => {
    expect(find((x) => (x < 5 ? -1 : 2), 0).x).toBeCloseTo(5, 11);
    expect(find((x) => (x < 5 ? -Infinity : Infinity), 0).x).toBeCloseTo(5, 11);
  });

  test("signs without sizes still lead there", () => {
    const of = (x: number): number => (x > 40 ? Infinity : x < -40 ? -Infinity : x - 7);
    expect(find(of, 200).x).toBeCloseTo(7, 11);
    expect(find(of, -200).x).toBeCloseTo(7, 11);
  });

  test("outside of the domain it turns back", () => {
    const of = (x: number): number => (x < 2 ? NaN : Math.log(x - 2));
    for (const start of [2.001, 2.5, 10, 100, -50]) expect(find(of, start).x).toBeCloseTo(3, 11);
  });

  test("without any value there is no root", () => {
    expect(find(() => NaN, 0).x).toBeNaN();
  });
});
