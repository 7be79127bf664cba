import { expect, test } from "vitest";
import { ordered } from "../src/controls/listing";

test("rows stand in the order of their numbers, not of their texts", () => {
  expect(ordered([10, 9, 100], false)).toEqual([1, 0, 2]);
  expect(ordered([10, 9, 100], true)).toEqual([2, 0, 1]);
});

test("equal values keep the order of their rows; what has none is last either way", () => {
  expect(ordered([2, NaN, 1, 2], false)).toEqual([2, 0, 3, 1]);
  expect(ordered([2, NaN, 1, 2], true)).toEqual([0, 3, 2, 1]);
  expect(ordered([], true)).toEqual([]);
});
