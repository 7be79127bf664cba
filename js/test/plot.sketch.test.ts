import { describe, expect, test } from "vitest";
import { stroke } from "../src/plot/sketch";

const flat = [1, 1, 1, 1, 1];

describe("a stroke", () => {
  test("is straight between the two places, in both directions", () => {
    expect(stroke(flat, [1, 0.8], [3, 0.4])).toEqual([1, 0.8, 0.6, 0.4, 1]);
    expect(stroke(flat, [3, 0.4], [1, 0.8])).toEqual([1, 0.8, 0.6, 0.4, 1]);
  });

  test("within one place takes the last height", () => {
    expect(stroke(flat, [2, 0.9], [2, 0.3])).toEqual([1, 1, 0.3, 1, 1]);
  });

  test("leaves the heights before it as they were, and keeps few digits", () => {
    const before = Float64Array.from(flat);
    expect(stroke(before, [0, 1 / 3], [1, 1 / 3])).toEqual([0.3333, 0.3333, 1, 1, 1]);
    expect([...before]).toEqual(flat);
  });
});
