import { beforeEach, describe, expect, test } from "vitest";
import { Sheet } from "../src/engine/sheet";
import { INPUTS, labFacts, labSpec } from "./fixture";

const nudge = { array: "run_loss", cell: "nudged" };
const ROWS = { N: "run_N", D: "run_D", run_loss: "run_loss" };

let sheet: Sheet;
let measured: Float64Array;
beforeEach(() => {
  sheet = new Sheet({ ...labSpec(), nudge });
  sheet.setFacts(labFacts());
  sheet.load(INPUTS);
  measured = sheet.array("run_loss").slice();
});

describe("runs that a hand has moved", () => {
  test("are multiplied, alone, until the list lets them go", () => {
    expect(sheet.set("nudged", [3, 1.25, 239, 0.5])).toEqual(["nudged"]);
    const wanted = measured.slice();
    wanted[3] *= 1.25;
    wanted[239] *= 0.5;
    expect(sheet.array("run_loss")).toEqual(wanted);
    expect(sheet.array("run_loss")).toBe(sheet.array("run_loss"));
    sheet.set("nudged", [3, 1.5]);
    expect(sheet.array("run_loss")[3]).toBe(measured[3] * 1.5);
    expect(sheet.array("run_loss")[239]).toBe(measured[239]);
    sheet.set("nudged", []);
    expect(sheet.array("run_loss")).toEqual(measured);
  });

  test("stand where they were moved in rows, and other arrays stay", () => {
    const sizes = sheet.array("run_N").slice();
    sheet.set("nudged", [7, 2]);
    expect(sheet.rows(["run_loss"], ROWS)[0][7]).toBe(2 * measured[7]);
    expect(sheet.array("run_N")).toEqual(sizes);
  });

  test("stay moved when the kernel answers with what was measured", () => {
    sheet.set("nudged", [7, 2]);
    expect(sheet.array("run_loss")[7]).toBe(2 * measured[7]);
    sheet.setFacts(labFacts(200, 2));
    expect(sheet.array("run_loss")[7]).toBe(2 * measured[7]);
  });

  test("that are not there, and a row without a factor, change nothing", () => {
    sheet.set("nudged", [240, 2, -1, 2, 7]);
    expect(sheet.array("run_loss")).toEqual(measured);
  });

  test("pull the refit after them", () => {
    sheet.set("objective", "least_squares");
    sheet.refit();
    const before = sheet.get("fit_E");
    const all = Array.from({ length: 240 }, (_, row) => [row, 1.1]).flat();
    sheet.set("nudged", all);
    sheet.refit();
    expect(sheet.get("fit_E") / before).toBeCloseTo(1.1, 5);
  });

  test("are summed over as they stand", () => {
    const spec = { ...labSpec(), nudge, items: { loss_i: "run_loss" } };
    spec.formulas.push({ cell: "total", tree: ["sum", "loss_i"] });
    const other = new Sheet(spec);
    other.setFacts(labFacts());
    const before = other.get("total");
    other.set("nudged", [0, 2]);
    expect(other.get("total") - before).toBeCloseTo(measured[0], 9);
  });
});
