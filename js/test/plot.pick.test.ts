import { describe, expect, test } from "vitest";
import {
  box,
  brushed,
  nearest,
  nextRow,
  type Outline,
  pulled,
  rowsInside,
  stepRow,
  toggled,
} from "../src/plot/pick";

const xs = [0, 100, 200, 100, 300];
const ys = [0, 0, 0, 100, 50];

test("the nearest run counts only within reach", () => {
  expect(nearest(xs, ys, 96, 3, 10)).toBe(1);
  expect(nearest(xs, ys, 150, 50, 10)).toBe(-1);
  expect(nearest([NaN, 5], [1, 1], 5, 1, 10)).toBe(1);
  expect(nearest([], [], 0, 0, 10)).toBe(-1);
});

describe("a brush", () => {
  test("covers the runs inside, from whichever corner it is drawn", () => {
    const corners: Outline = [
      [99, -1],
      [301, 51],
      [99, 51],
      [301, -1],
    ];
    for (const from of corners) {
      const to = [400 - from[0], 50 - from[1]] as const;
      expect(rowsInside(xs, ys, box(from, to))).toEqual([1, 2, 4]);
    }
  });

  test("covers no run that is not on the axes, and none while it has no area", () => {
    expect(rowsInside([NaN, 1], [1, NaN], box([-1e9, -1e9], [1e9, 1e9]))).toEqual([]);
    expect(rowsInside(xs, ys, box([0, 0], [300, 0]))).toEqual([]);
    expect(rowsInside(xs, ys, [[0, 0]])).toEqual([]);
  });

  test("drawn by hand covers what it goes around, hollows left aside", () => {
    // A horseshoe open to the right around (50, 50).
    const horseshoe: Outline = [
      [0, 0],
      [100, 0],
      [100, 20],
      [20, 20],
      [20, 80],
      [100, 80],
      [100, 100],
      [0, 100],
    ];
    expect(rowsInside([10, 50, 50, 50, 150], [50, 10, 50, 90, 50], horseshoe)).toEqual([0, 1, 3]);
    expect(rowsInside([10, 50], [50, 50], [...horseshoe].reverse())).toEqual([0]);
  });

  test("drawn across itself leaves out what it goes around once, not twice", () => {
    const star: Outline = [0, 2, 4, 1, 3].map((turn) => {
      const angle = (turn * 2 * Math.PI) / 5;
      return [100 * Math.sin(angle), -100 * Math.cos(angle)];
    });
    expect(rowsInside([0, 0, 200], [0, -80, 0], star)).toEqual([1]);
  });

  test("leaves out what it covers, takes back with Shift, forgets what it left again", () => {
    expect(brushed([4], [2, 0], false)).toEqual([0, 2, 4]);
    expect(brushed([0, 2, 4], [2, 3], true)).toEqual([0, 4]);
    expect(brushed([4], [], false)).toEqual([4]);
  });

  test("sorts rows as numbers", () => {
    expect(brushed([10, 9], [100], false)).toEqual([9, 10, 100]);
  });
});

test("a click leaves a run out and takes it back", () => {
  expect(toggled([], 3)).toEqual([3]);
  expect(toggled([1, 3], 3)).toEqual([1]);
});

describe("a run that is pulled", () => {
  test("has its factor multiplied, the others keep theirs", () => {
    expect(pulled([], 4, 1.25)).toEqual([4, 1.25]);
    expect(pulled([4, 1.25, 7, 0.9], 4, 1.2)).toEqual([7, 0.9, 4, 1.5]);
    expect(pulled([4, 1.25, 7, 0.9], 2, 0.5)).toEqual([4, 1.25, 7, 0.9, 2, 0.5]);
  });

  test("back at its place is forgotten, rounding included", () => {
    expect(pulled([4, 1.1, 7, 0.9], 4, 1 / 1.1)).toEqual([7, 0.9]);
    const away = pulled([], 4, 1.005);
    expect(pulled(away, 4, 1 / 1.005)).toEqual([]);
  });
});

describe("the keyboard cursor", () => {
  test("goes to the nearest run that way, straight ahead before sideways", () => {
    expect(nextRow(0, "right", xs, ys)).toBe(1);
    expect(nextRow(1, "down", xs, ys)).toBe(3);
    expect(nextRow(3, "up", xs, ys)).toBe(1);
    expect(nextRow(2, "left", xs, ys)).toBe(1);
    expect(nextRow(0, "left", xs, ys)).toBe(0);
  });

  test("walks through runs on the very same spot one by one", () => {
    const same = [5, 5, 5];
    expect(nextRow(0, "right", same, same)).toBe(1);
    expect(nextRow(1, "right", same, same)).toBe(2);
    expect(nextRow(2, "left", same, same)).toBe(1);
  });

  test("always moves the way that was asked", () => {
    const [px, py] = crowd();
    for (let row = 0; row < px.length; row++) {
      expect(px[nextRow(row, "right", px, py)]).toBeGreaterThanOrEqual(px[row]);
      expect(px[nextRow(row, "left", px, py)]).toBeLessThanOrEqual(px[row]);
      expect(py[nextRow(row, "up", px, py)]).toBeLessThanOrEqual(py[row]);
      expect(py[nextRow(row, "down", px, py)]).toBeGreaterThanOrEqual(py[row]);
    }
  });

  test("moves whenever something lies that way", () => {
    const [px, py] = crowd();
    for (let row = 0; row < px.length; row++) {
      const moved = nextRow(row, "right", px, py) !== row;
      expect(moved).toBe(px.some((x) => x > px[row]));
    }
  });

  test("goes through all runs in the order of their rows, past those that are not shown", () => {
    const px = [1, NaN, 3, 4];
    const py = [1, 2, 3, NaN];
    expect(stepRow(0, 1, px, py)).toBe(2);
    expect(stepRow(2, -1, px, py)).toBe(0);
    expect(stepRow(2, 1, px, py)).toBe(2);
    expect(stepRow(0, -1, px, py)).toBe(0);
  });
});

/** 240 runs in 60 columns, from a small generator with a fixed seed. */
function crowd(): [number[], number[]] {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const px = Array.from({ length: 240 }, () => Math.round(random() * 60) * 10);
  return [px, px.map(() => random() * 300)];
}
