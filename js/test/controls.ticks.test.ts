import { expect, test } from "vitest";
import { beside } from "../src/controls/ticks";

const marks = [
  { value: 7e9, label: "seven" },
  { value: 7e10, label: "seventy" },
];

test("Page Up goes to the next larger model, Page Down to the next smaller one", () => {
  expect(beside(marks, 1e9, "PageUp")).toBe(7e9);
  expect(beside(marks, 7e9, "PageUp")).toBe(7e10);
  expect(beside(marks, 7e10, "PageDown")).toBe(7e9);
  expect(beside(marks, 1e12, "PageDown")).toBe(7e10);
});

test("beyond the last one, and by any other key, the slider goes on as it would", () => {
  expect(beside(marks, 7e10, "PageUp")).toBeUndefined();
  expect(beside(marks, 7e9, "PageDown")).toBeUndefined();
  expect(beside(marks, 1e10, "ArrowUp")).toBeUndefined();
});
