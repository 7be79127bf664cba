import { expect, test } from "vitest";
import { positionOf, typed, valueAt } from "../src/controls/position";

const params = { scale: "log", domain: [1e7, 1e13] as [number, number], unit: "params" } as const;
const bits = {
  scale: "linear",
  domain: [3, 16] as [number, number],
  step: 0.5,
  unit: "bits",
} as const;

test("the ends of the track are the ends of the domain", () => {
  expect([valueAt(params, 0), valueAt(params, 1)]).toEqual([1e7, 1e13]);
  expect([valueAt(bits, 0), valueAt(bits, 1)]).toEqual([3, 16]);
  expect([positionOf(params, 1e7), positionOf(params, 1e13)]).toEqual([0, 1]);
});

test("a value outside, or none, sits at an end", () => {
  expect(positionOf(params, 1e20)).toBe(1);
  expect(positionOf(params, 5)).toBe(0);
  expect(positionOf(params, NaN)).toBe(0);
});

test("a value on a logarithmic track has the three digits that are shown", () => {
  for (let i = 0; i <= 500; i++) {
    const value = valueAt(params, i / 500);
    expect(value).toBe(Number(value.toPrecision(3)));
    expect(Math.abs(positionOf(params, value) - i / 500)).toBeLessThan(0.001);
  }
});

test("the box takes quantities, with and without the slider's own unit", () => {
  const show = String;
  expect(typed(params, "70B", show)).toBe(70e9);
  expect(typed(params, " 1.5T params ", show)).toBe(1.5e12);
  expect(typed(bits, "8 bits", show)).toBe(8);
  expect(typed(bits, "8", show)).toBe(8);
});

test("nonsense and values beyond the track are answered with what would be understood", () => {
  expect(typed(params, "seventy", String)).toContain("70B");
  expect(typed(params, "", String)).toContain("70B");
  expect(typed(params, "5e20", (v) => `<${v}>`)).toBe(
    "it goes from <10000000> to <10000000000000>",
  );
  expect(typed(params, "-7e9", String)).toContain("goes from");
});
