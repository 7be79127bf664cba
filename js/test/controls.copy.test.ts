import { expect, test } from "vitest";
import { filled } from "../src/controls/copy";
import type { InputValue } from "../src/inputs";

const values: Record<string, InputValue> = {
  N: 7e9,
  C: 5.88e23,
  "wheel.E": 1.8172,
  held: "C",
  note: 'a "b"\nc',
  band: true,
  hold: false,
  excluded: [0, 5],
  none: [],
  unknown: NaN,
};
const fill = (text: string) => filled(text, (cell) => values[cell]);

test("values are written as Python reads them", () => {
  expect(fill("f(N={N}, C={C}, E={wheel.E})")).toBe("f(N=7000000000, C=5.88e+23, E=1.8172)");
  expect(fill("f({held}, {band}, {hold})")).toBe('f("C", True, False)');
  expect(fill("f({note})")).toBe('f("a \\"b\\"\\nc")');
  expect(fill("f({excluded}, {none})")).toBe("f([0, 5], [])");
  expect(fill("f({unknown})")).toBe('f(float("NaN"))');
});

test("double braces are braces, and what a value holds is not read again", () => {
  expect(fill('{{"E": {wheel.E}}}')).toBe('{"E": 1.8172}');
  expect(filled("{x}{{}}", () => "{y}")).toBe('"{y}"{}');
});
