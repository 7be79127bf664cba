import { describe, expect, test } from "vitest";
import { digamma, lgamma, trigamma } from "../src/engine/special";
import { Sheet } from "../src/engine/sheet";
import type { Facts, Spec } from "../src/spec";
import { pack } from "./fixture";

function factsOf(items: number[]): Facts {
  return { serial: 1, numbers: pack([]), names: [], arrays: { items_p: pack(items) }, strings: {} };
}

describe("sums run over the items that the kernel gives", () => {
  const spec: Spec = {
    title: "",
    groups: [],
    links: [],
    formulas: [{ cell: "y", tree: ["+", ["sum", ["**", "p", "k"]], ["sum", 1]] }],
    solves: [],
    plots: [],
    tables: [],
    draws: [],
    asks: [],
    items: { p: "items_p" },
  };

  test("along an axis, and anew when the items change", () => {
    const sheet = new Sheet(spec);
    sheet.load({ k: 1 });
    sheet.setFacts(factsOf([0.5, 0.25]));
    expect(sheet.get("y")).toBeCloseTo(2.75, 12);
    expect([...sheet.tabulate("y", "k", [1, 2])]).toEqual([2.75, 2.3125]);
    sheet.setFacts(factsOf([1, 1, 1]));
    expect(sheet.get("y")).toBe(6);
  });

  test("of no items is zero", () => {
    const sheet = new Sheet(spec);
    sheet.load({ k: 1 });
    expect(sheet.get("y")).toBe(0);
  });
});

describe("the Gamma function and its derivatives", () => {
  // Abramowitz and Stegun, Tables 6.1 and 6.2; pi**2 / 6
  test.each([
    [lgamma, 1, 0],
    [lgamma, 0.5, Math.log(Math.PI) / 2],
    [lgamma, 1e6, 12815504.569147611],
    [digamma, 1, -0.5772156649015329],
    [digamma, 10, 2.251752589066721],
    [trigamma, 1, Math.PI ** 2 / 6],
  ])("%o of %d is %d", (f, x, wanted) => {
    expect(Math.abs(f(x) - wanted)).toBeLessThan(1e-12 * Math.max(1, Math.abs(wanted)));
  });

  test.each([lgamma, digamma, trigamma])("%o is not defined from zero down", (f) => {
    expect([f(0), f(-0.5), f(-3), f(NaN)]).toEqual([NaN, NaN, NaN, NaN]);
  });
});
