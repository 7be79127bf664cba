import { describe, expect, test } from "vitest";
import { Scale } from "../src/plot/scale";

describe("a scale", () => {
  test("leads back from the pixel to the value", () => {
    const log = new Scale("log", [1e7, 1e12], [0, 640]);
    const linear = new Scale("linear", [2, 3], [300, 0]);
    for (const value of [1e7, 3.3e8, 7e10, 1e12]) {
      expect(log.invert(log.at(value)) / value).toBeCloseTo(1, 12);
    }
    for (const value of [2, 2.25, 2.9, 3])
      expect(linear.invert(linear.at(value))).toBeCloseTo(value, 12);
  });

  test("puts equal factors at equal distances on a logarithmic axis", () => {
    const log = new Scale("log", [1, 1e4], [0, 400]);
    expect([1, 10, 100, 1000].map((v) => log.at(v))).toEqual(
      [0, 100, 200, 300].map((v) => expect.closeTo(v, 9)),
    );
  });

  test("says NaN for what a logarithmic axis cannot show, and stays in bounds far out", () => {
    const log = new Scale("log", [1, 10], [0, 100]);
    expect(log.at(-1)).toBeNaN();
    expect(log.at(NaN)).toBeNaN();
    expect(Math.abs(log.at(0))).toBeLessThanOrEqual(1e5);
    expect(new Scale("linear", [0, 1], [0, 100]).at(1e300)).toBe(1e5);
  });

  test("has a grid that ends exactly at the domain", () => {
    const grid = new Scale("log", [3e7, 7e11], [0, 600]).grid(50);
    expect(grid.length).toBe(50);
    expect(grid[0]).toBe(3e7);
    expect(grid[49]).toBe(7e11);
    for (let i = 1; i < 50; i++) expect(grid[i]).toBeGreaterThan(grid[i - 1]);
  });
});

describe("ticks", () => {
  const labels = (scale: Scale, room: number) =>
    scale
      .ticks(room)
      .filter(({ labelled }) => labelled)
      .map(({ value }) => value);

  test("stand at round values", () => {
    expect(labels(new Scale("linear", [1.93, 3.12], [300, 0]), 6)).toEqual([
      2, 2.2, 2.4, 2.6, 2.8, 3,
    ]);
    expect(labels(new Scale("linear", [-0.031, 0.029], [300, 0]), 6)).toEqual([
      -0.03, -0.02, -0.01, 0, 0.01, 0.02,
    ]);
    expect(labels(new Scale("log", [1e18, 1e26], [0, 500]), 9)).toEqual([
      1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26,
    ]);
    expect(labels(new Scale("log", [3e7, 2e9], [0, 500]), 10)).toEqual([
      5e7, 1e8, 2e8, 5e8, 1e9, 2e9,
    ]);
  });

  test("become round steps where a logarithmic axis spans less than a decade", () => {
    expect(labels(new Scale("log", [2, 4], [300, 0]), 4)).toEqual([2, 2.5, 3, 3.5, 4]);
  });

  test("are inside the domain, rise, and their labels fit the room", () => {
    for (const kind of ["log", "linear"] as const) {
      for (const [lo, hi] of [
        [1, 2],
        [1, 9],
        [0.5, 80],
        [1e6, 1e13],
        [1e-3, 1e20],
        [2.1, 2.100001],
      ]) {
        for (const room of [2, 5, 9]) {
          const ticks = new Scale(kind, [lo, hi], [0, 1]).ticks(room);
          const values = ticks.map(({ value }) => value);
          expect(values).toEqual([...values].sort((a, b) => a - b));
          const slack = 1e-9 * (hi - lo);
          expect(values[0]).toBeGreaterThanOrEqual(lo - slack);
          expect(values.at(-1)).toBeLessThanOrEqual(hi + slack);
          const count = ticks.filter(({ labelled }) => labelled).length;
          expect(count).toBeGreaterThanOrEqual(1);
          expect(count).toBeLessThanOrEqual(room + 2);
        }
      }
    }
  });
});
