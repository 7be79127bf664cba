import { expect, test } from "vitest";
import { distinctly, formatter, withUnit } from "../src/format";
import { luminance } from "../src/theme";

test("values are written as quantities or by their specifier, and what is unknown as a dash", () => {
  expect(formatter("quantity")(70e9)).toBe("70B");
  expect(formatter(".2f")(1.974)).toBe("1.97");
  for (const unknown of [NaN, Infinity, -Infinity]) {
    expect(formatter("quantity")(unknown)).toBe("–");
    expect(formatter(".1%")(unknown)).toBe("–");
  }
});

test("labels of one axis have as many digits as they need to differ", () => {
  expect(distinctly("+.2f", [-0.01, 0, 0.01])).toEqual(["−0.01", "+0.00", "+0.01"]);
  expect(distinctly("+.2f", [-0.005, 0, 0.005, 0.01])).toEqual([
    "−0.005",
    "+0.000",
    "+0.005",
    "+0.010",
  ]);
  expect(distinctly(".0%", [0.011, 0.012])).toEqual(["1.1%", "1.2%"]);
  expect(distinctly("quantity", [1e9, 2e9])).toEqual(["1B", "2B"]);
});

test("a unit stands behind its value, and none leaves no space", () => {
  expect(withUnit("70B", "params")).toBe("70B params");
  expect(withUnit("0.001", "")).toBe("0.001");
});

test("dark and light are told apart in every way a browser writes a colour", () => {
  expect(luminance("rgb(255, 255, 255)")).toBeCloseTo(1, 6);
  expect(luminance("rgb(17, 17, 17)")).toBeLessThan(0.01);
  expect(luminance("color(srgb 1 1 1)")).toBeCloseTo(1, 6);
  expect(luminance("rgba(255, 255, 255, 0.5)")).toBeGreaterThan(0.9);
  expect(luminance("rgba(0, 0, 0, 0)")).toBeNull();
  expect(luminance("transparent")).toBeNull();
});
