import { expect, test } from "vitest";
import { cut, roomFor } from "../src/plot/axes";

test("names have the room that they need, and no more than a fair share", () => {
  expect(roomFor([])).toBe(0);
  expect(roomFor(["alpha", "training tokens"])).toBeGreaterThan(roomFor(["alpha"]));
  expect(roomFor(["x".repeat(500)])).toBe(roomFor(["x".repeat(50)]));
});

test("a name that is too long is cut, and says so", () => {
  expect(cut("hoffmann2022")).toBe("hoffmann2022");
  const short = cut("the exponent of the number of parameters");
  expect(short).toMatch(/^the exponent of .*…$/);
  expect(roomFor([short])).toBeLessThanOrEqual(roomFor(["x".repeat(500)]));
});
