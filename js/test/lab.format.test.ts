import { format } from "d3-format";
import { describe, expect, test } from "vitest";
import { distinctly, formatter, withUnit } from "../src/format";
import { luminance } from "../src/theme";
import { generator } from "./fixture";

test("values are written as quantities or by their specifier, and what is unknown as a dash", () => {
  expect(formatter("quantity")(70e9)).toBe("70B");
  expect(formatter(".2f")(1.974)).toBe("1.97");
  for (const unknown of [NaN, Infinity, -Infinity]) {
    expect(formatter("quantity")(unknown)).toBe("–");
    expect(formatter(".1%")(unknown)).toBe("–");
  }
});

/** Zeros, edges of rounding and of powers of ten, what has an exponent, and 60 decades at random. */
function values(): number[] {
  const random = generator(41);
  const edges = [0, 0.5, 0.05, 0.005, 0.0005, 1.5, 2.5, 0.1 + 0.2, 9.995, 99.95, 999.5, 0.9995];
  const tails = [1, 10, 100, 1e6, 123456, 1e20, 1e21, 1e-6, 1e-7, 5e-324, 1.5e300];
  const sizes = Array.from({ length: 2000 }, () => 10 ** (60 * random() - 30));
  const near = Array.from({ length: 2000 }, () => Number((10 * random()).toFixed(4)));
  return [...edges, ...tails, ...sizes, ...near].flatMap((value) => [value, -value]);
}

describe("writes as d3-format does", () => {
  test.each(
    ["f", "g", "r", "%"].flatMap((type) =>
      ["", ".0", ".1", ".2", ".3", ".4", ".5"].flatMap((digits) =>
        ["", "+"].flatMap((sign) => ["", "~"].map((trim) => sign + digits + trim + type)),
      ),
    ),
  )("%s", (specifier) => {
    const [ours, theirs] = [formatter(specifier), format(specifier)];
    const differing = values().filter((value) => ours(value) !== theirs(value));
    expect(differing).toEqual([]);
  });
});

test.each(["", "d", ".f", "2f", ".2", ",.2f", "s", "quantities"])("refuses the format %j", (text) => {
  expect(() => formatter(text)).toThrow(`unknown format "${text}"`);
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
