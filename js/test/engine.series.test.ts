import { beforeEach, describe, expect, test } from "vitest";
import { Sheet } from "../src/engine/sheet";
import { Roots, touches } from "../src/roots";
import type { Spec } from "../src/spec";
import { labFacts, labSpec } from "./fixture";

const series = [
  {
    array: "heights",
    cell: "height",
    rows: { u: "places", hand: "drawn" },
    falls: "falls",
    before: "before",
  },
];

let spec: Spec;
let sheet: Sheet;
beforeEach(() => {
  spec = { ...labSpec(), series, items: { height_i: "heights", fall_i: "falls", before: "before" } };
  spec.formulas.push(
    { cell: "height", tree: ["+", ["*", "u", "slope"], "hand"] },
    { cell: "area", tree: ["sum", "height_i"] },
    { cell: "fallen", tree: ["sum", "fall_i"] },
    { cell: "moment", tree: ["sum", ["*", "fall_i", "before"]] },
  );
  sheet = new Sheet(spec);
  const data = new DataView(new ArrayBuffer(24));
  [1, 2, 3].forEach((value, k) => data.setFloat64(8 * k, value, true));
  const facts = labFacts();
  facts.arrays["places"] = { dtype: "f8", shape: [3], data };
  sheet.setFacts(facts);
  sheet.load({ slope: 0, drawn: [0.9, 0.5, 0.6] });
});

describe("an array that is a formula", () => {
  test("is read for each row, a list among them", () => {
    expect([...sheet.array("heights")]).toEqual([0.9, 0.5, 0.6]);
    sheet.set("slope", 0.1);
    [1, 0.7, 0.9].forEach((v, k) => expect(sheet.array("heights")[k]).toBeCloseTo(v, 12));
  });

  test("comes with its falls and the sums before", () => {
    [0.1, 0.4, -0.1].forEach((v, k) => expect(sheet.array("falls")[k]).toBeCloseTo(v, 12));
    [0, 0.9, 1.4].forEach((v, k) => expect(sheet.array("before")[k]).toBeCloseTo(v, 12));
  });

  test("is summed over, and the sums follow the list and the numbers that it reads", () => {
    expect(sheet.get("area")).toBeCloseTo(2, 12);
    expect(sheet.get("fallen")).toBeCloseTo(1 - 0.6, 12);
    sheet.set("drawn", [1, 1, 1]);
    expect(sheet.get("area")).toBeCloseTo(3, 12);
    sheet.set("slope", 1);
    expect(sheet.get("area")).toBeCloseTo(9, 12);
    expect(sheet.get("moment")).toBeCloseTo(-1 * 0 - 1 * 2 - 1 * 5, 12);
  });

  test("moves what is drawn of it", () => {
    const roots = new Roots(spec).of(["area"]);
    for (const cell of ["drawn", "slope"]) expect(touches(roots, new Set([cell]))).toBe(true);
    expect(touches(roots, new Set(["nudged"]))).toBe(false);
  });

  test("is empty where a row is not known", () => {
    sheet.set("drawn", []);
    expect(sheet.array("heights")).toHaveLength(0);
  });
});
