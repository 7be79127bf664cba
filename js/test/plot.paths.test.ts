import { expect, test } from "vitest";
import { bandPath, linePath, symbolPath } from "../src/plot/paths";
import { Scale } from "../src/plot/scale";

const x = new Scale("linear", [0, 10], [0, 100]);
const y = new Scale("linear", [0, 1], [100, 0]);

test("a line breaks where a value is not there", () => {
  expect(linePath([0, 1, 2], [0, 0.5, 1], x, y)).toBe("M0,100L10,50L20,0");
  expect(linePath([0, 1, 2, 3], [0, NaN, 1, 1], x, y)).toBe("M0,100M20,0L30,0");
  expect(linePath([], [], x, y)).toBe("");
});

test("a band goes there along one edge and back along the other", () => {
  expect(bandPath([0, 1], [0.1, 0.2], [0.5, 0.6], x, y)).toBe("M0,50L10,40L10,80L0,90Z");
});

test("a band with a gap is two areas", () => {
  const path = bandPath([0, 1, 2, 3, 4], [0, 0, NaN, 0, 0], [1, 1, 1, 1, 1], x, y);
  expect(path.match(/Z/g)).toHaveLength(2);
  expect(path).not.toContain("NaN");
});

test("every symbol is one closed path around the origin", () => {
  for (const shape of ["circle", "diamond", "square", "triangle", "cross"] as const) {
    const path = symbolPath(shape, 6);
    expect(path).toMatch(/^M[^MZ]+Z$/);
    expect(path).not.toContain("NaN");
  }
});
