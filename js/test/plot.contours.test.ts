import { describe, expect, test } from "vitest";
import { placeLevels } from "../src/plot/contours";
import { contourLines, type Line } from "../src/plot/marching";

/** `count` values from `lo` to `hi`. */
function spaced(lo: number, hi: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => lo + ((hi - lo) * i) / (count - 1));
}

function heights(xs: number[], ys: number[], f: (x: number, y: number) => number): number[] {
  return ys.flatMap((y) => xs.map((x) => f(x, y)));
}

function length(line: Line): number {
  return line
    .slice(1)
    .reduce((sum, [x, y], i) => sum + Math.hypot(x - line[i][0], y - line[i][1]), 0);
}

describe("contour lines", () => {
  const xs = spaced(-2, 2, 44);
  const ys = spaced(-2, 2, 32);
  const bowl = heights(xs, ys, (x, y) => x * x + y * y);

  test("of a bowl are one closed circle of the right radius and length", () => {
    const lines = contourLines(xs, ys, bowl, 1);
    expect(lines.length).toBe(1);
    const [circle] = lines;
    expect(circle[0]).toEqual(circle[circle.length - 1]);
    // Linear interpolation of r squared between grid points h apart is off by h ** 2 / 4 at most.
    const most = (ys[1] - ys[0]) ** 2 / 8;
    for (const [x, y] of circle) expect(Math.abs(Math.hypot(x, y) - 1)).toBeLessThan(most);
    expect(length(circle)).toBeGreaterThan(2 * Math.PI * 0.995);
    expect(length(circle)).toBeLessThan(2 * Math.PI);
  });

  test("that leave the grid begin and end at its edges", () => {
    const lines = contourLines(xs, ys, bowl, 5); // four corners
    expect(lines.length).toBe(4);
    for (const line of lines) {
      for (const [x, y] of [line[0], line[line.length - 1]]) {
        expect(Math.max(Math.abs(x), Math.abs(y))).toBeCloseTo(2, 12);
      }
    }
  });

  test("are exact for a plane, on an uneven grid as well", () => {
    const uneven = [0, 1, 4, 5, 9];
    const plane = heights(uneven, uneven, (x, y) => 2 * x + 3 * y);
    const [line, ...others] = contourLines(uneven, uneven, plane, 17);
    expect(others).toEqual([]);
    for (const [x, y] of line) expect(2 * x + 3 * y).toBeCloseTo(17, 12);
    const ends = [line[0], line[line.length - 1]].map(([x]) => x).sort();
    expect(ends[0]).toBeCloseTo(0, 12);
    expect(ends[1]).toBeCloseTo(8.5, 12);
  });

  test("do not cross at a saddle: the height in the middle parts them", () => {
    const square = [0, 1];
    const saddle = [1, 0, 0, 1]; // (0, 0) and (1, 1) are high
    const below = contourLines(square, square, saddle, 0.4); // the middle, 0.5, is high too
    const above = contourLines(square, square, saddle, 0.6);
    expect(below.length).toBe(2);
    expect(above.length).toBe(2);
    // Below the middle the low corners are cut off, above it the high ones.
    const middles = (lines: Line[]) =>
      lines.map((line) => line.reduce((sum, [x, y]) => sum + x - y, 0) / line.length).sort();
    expect(middles(below)[0]).toBeCloseTo(-0.6, 12);
    expect(middles(below)[1]).toBeCloseTo(0.6, 12);
    expect(middles(above).map(Math.abs)).toEqual([0, 0]);
  });

  test("leave out squares with a value that is not there", () => {
    const holed = bowl.map((z, k) => (xs[k % xs.length] > 0 ? NaN : z));
    const [half, ...others] = contourLines(xs, ys, holed, 1);
    expect(others).toEqual([]);
    expect(half.every(([x]) => x <= 0)).toBe(true);
    expect(length(half)).toBeGreaterThan(0.94 * Math.PI);
    expect(contourLines(xs, ys, bowl.map(() => NaN), 1)).toEqual([]);
    expect(contourLines(xs, ys, bowl.map(() => Infinity), 1)).toEqual([]);
  });

  test("of a level that is nowhere are none, nor of an empty grid", () => {
    expect(contourLines(xs, ys, bowl, -1)).toEqual([]);
    expect(contourLines(xs, ys, bowl, 9)).toEqual([]);
    expect(contourLines([], [], [], 1)).toEqual([]);
  });

  test("go through grid points that have the very level", () => {
    const grid = [0, 1, 2];
    const ridge = heights(grid, grid, (x) => x); // x = 1 is a column of the grid
    const [line, ...others] = contourLines(grid, grid, ridge, 1);
    expect(others).toEqual([]);
    expect(line.map(([x]) => x)).toEqual([1, 1, 1]);
  });
});

describe("level labels", () => {
  const level = (text: string, ...line: Line) => ({ text, lines: [line] });

  test("stand inside, where a line leaves at the right", () => {
    const [at] = placeLevels([level("2.5", [0, 10], [100, 60], [200, 80])], 200, 100);
    expect(at.text).toBe("2.5");
    expect(at.x).toBeLessThan(200);
    expect(at.x).toBeGreaterThan(180);
    expect(at.y).toBeLessThan(80);
  });

  test("stand at the top end of an upright line", () => {
    const [at] = placeLevels([level("1", [100, 100], [100, 0])], 200, 100);
    expect(at.y).toBeLessThan(20);
    expect(at.y).toBeGreaterThan(10);
  });

  test("do not cover one another: the later gives way", () => {
    const levels = [
      level("1.0", [0, 50], [200, 50]),
      level("1.1", [0, 55], [200, 55]),
      level("1.2", [0, 80], [200, 80]),
    ];
    expect(placeLevels(levels, 200, 100).map(({ text }) => text)).toEqual(["1.0", "1.2"]);
  });

  test("of lines outside the picture are not there", () => {
    expect(placeLevels([level("1", [-50, -50], [-10, -10])], 200, 100)).toEqual([]);
  });
});
