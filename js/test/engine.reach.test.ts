// The tokens with which a model of a given size reaches a loss, against Chinchilla's closed form.
import { describe, expect, test } from "vitest";
import { interval } from "../src/engine/quantile";
import { Sheet } from "../src/engine/sheet";
import { Solver, WARM } from "../src/engine/solve";
import { Roots } from "../src/roots";
import type { Solve, Spec, Tree } from "../src/spec";
import {
  BY_D,
  type Constants,
  INPUTS,
  NAMES,
  SURFACE,
  TRUTH,
  chinchilla,
  generator,
  labFacts,
  labSpec,
  solveOnce,
} from "./fixture";

const REACH: Solve = {
  kind: "reach",
  outputs: ["enough"],
  loss: SURFACE,
  dD: BY_D,
  at: "size",
  target: "goal",
};

function closedForm({ E, A, alpha, B, beta }: Constants, N: number, goal: number): number {
  return (B / (goal - E - A / N ** alpha)) ** (1 / beta);
}

function off(found: number, wanted: number): number {
  return Math.abs(found / wanted - 1);
}

describe("reach", () => {
  test("is the closed form over ten decades of D and of N", () => {
    for (let n = 4; n <= 14; n += 0.5) {
      for (let d = 6; d <= 16; d += 0.25) {
        const [size, goal] = [10 ** n, chinchilla(TRUTH, 10 ** n, 10 ** d)];
        const [D] = solveOnce(REACH, { ...TRUTH, size, goal });
        expect(off(D, closedForm(TRUTH, size, goal)), `N 1e${n}, D 1e${d}`).toBeLessThan(1e-9);
      }
    }
  });

  test("is the same from any solution before", () => {
    const random = generator(16);
    const solver = new Solver(REACH);
    const [outputs, warm] = [new Float64Array(1), new Float64Array(WARM).fill(NaN)];
    let missed = 0;
    for (let k = 0; k < 3000; k++) {
      const constants = {
        E: 3 * random(),
        A: 10 ** (5 * random()),
        B: 10 ** (6 * random()),
        alpha: 0.03 + 1.2 * random(),
        beta: 0.03 + 1.2 * random(),
      };
      const size = 10 ** (15 * random());
      const gap = 10 ** (6 * random() - 5);
      const goal = constants.E + constants.A / size ** constants.alpha + gap;
      const values: Record<string, number> = { ...constants, size, goal };
      solver.solve(
        Float64Array.from(solver.inputs, (name) => values[name]),
        outputs,
        warm,
        0,
      );
      const wanted = closedForm(constants, size, goal);
      if (!(wanted > 1.001 && wanted < 0.999e30)) {
        missed++;
        if (wanted < 0.999 || wanted > 1.001e30) expect(outputs[0]).toBeNaN();
        continue;
      }
      // the gap is a difference of two losses: it has lost so many digits
      const tolerance = (1e-14 * goal) / gap / constants.beta;
      expect(off(outputs[0], wanted)).toBeLessThan(1e-9 + tolerance);
    }
    expect(missed).toBeLessThan(1500);
  });

  test("has no value where no number of tokens is enough, and none for nonsense", () => {
    const size = 1e9;
    const floor = TRUTH.E + TRUTH.A / size ** TRUTH.alpha;
    for (const goal of [floor, floor - 0.1, TRUTH.E, 0, -1, NaN]) {
      expect(solveOnce(REACH, { ...TRUTH, size, goal })).toEqual([NaN]);
    }
    for (const none of [0, -1, NaN]) {
      expect(solveOnce(REACH, { ...TRUTH, size: none, goal: 2.5 })).toEqual([NaN]);
    }
    // so easy that less than one token would do
    expect(solveOnce(REACH, { ...TRUTH, size, goal: 1e6 })).toEqual([NaN]);
  });

  test("finds the lower root of a law that long training makes worse", () => {
    const loss: Tree = ["+", SURFACE, ["*", 1e-9, ["**", "D", 0.7]]];
    const dD: Tree = ["+", BY_D, ["*", 0.7e-9, ["**", "D", -0.3]]];
    const [D] = solveOnce({ ...REACH, loss, dD }, { ...TRUTH, size: 1e10, goal: 2.3 });
    expect(chinchilla(TRUTH, 1e10, D) + 1e-9 * D ** 0.7).toBeCloseTo(2.3, 12);
    expect(D).toBeLessThan(1e12);
  });

  test("is refused without its goal, and the others without dN, in words", () => {
    expect(() => new Solver({ ...REACH, at: undefined })).toThrow(/solve of enough.*goal/);
    expect(() => new Solver({ ...REACH, outputs: ["n", "d"] })).toThrow(/"reach" has the outputs D/);
    const budget: Solve = { ...REACH, kind: "budget", outputs: ["n", "d"], budget: "C" };
    expect(() => new Solver(budget)).toThrow(/"budget" needs the derivative dN/);
  });
});

describe("reach in a sheet", () => {
  /** The reference quality is a dotted cell, the size a slider's. */
  function reaching(): { sheet: Sheet; spec: Spec } {
    const spec = labSpec();
    const goal = { cell: "wheel.goal", tree: ["+", "loss", 0] as Tree };
    const solve = { ...REACH, at: "serving.N", target: "wheel.goal" };
    spec.formulas.push(goal, { cell: "serving.N", tree: ["*", 0.5, "size"] });
    spec.solves.push(solve);
    const sheet = new Sheet(spec);
    sheet.setFacts(labFacts());
    sheet.load({ ...INPUTS, size: 4e9 });
    return { sheet, spec };
  }
  const goal = chinchilla(TRUTH, INPUTS.N, INPUTS.D);

  test("follows its size and its target", () => {
    const { sheet, spec } = reaching();
    expect(off(sheet.get("enough"), closedForm(TRUTH, 2e9, goal))).toBeLessThan(1e-9);
    sheet.load({ size: 14e9 });
    expect(off(sheet.get("enough"), INPUTS.D)).toBeLessThan(1e-9);
    const roots = new Roots(spec).of(["enough"]);
    for (const cell of ["size", "N", "D", "fit_A"]) expect(roots).toContain(cell);
  });

  test("runs along a curve and over rows, NaN where a size cannot reach it", () => {
    const { sheet } = reaching();
    /** How many sizes cannot reach it; the others are checked. */
    const missing = (sizes: ArrayLike<number>, found: Float64Array): number =>
      Array.from(sizes).filter((size, k) => {
        const wanted = closedForm(TRUTH, size / 2, goal);
        if (Number.isNaN(wanted)) expect(found[k]).toBeNaN();
        else expect(off(found[k], wanted)).toBeLessThan(1e-9);
        return Number.isNaN(wanted);
      }).length;
    const sizes = Array.from({ length: 40 }, (_, k) => 10 ** (8 + k / 10));
    const runs = sheet.array("run_N");
    for (const few of [
      missing(sizes, sheet.tabulate("enough", "size", sizes)) / sizes.length,
      missing(runs, sheet.rows(["enough"], { size: "run_N" })[0]) / runs.length,
    ]) {
      expect(few).toBeGreaterThan(0.2);
      expect(few).toBeLessThan(0.9);
    }
  });

  test("has an interval over the draws at every size", () => {
    const { sheet } = reaching();
    const sizes = [8e9, 2e10, 1e11];
    const { lo, hi } = sheet.band("enough", "size", sizes, 0.9);
    const draws = Array.from(
      { length: 200 },
      (_, i) =>
        Object.fromEntries(NAMES.map((name) => [name, sheet.array(`draws_${name}`)[i]])) as Constants,
    );
    sizes.forEach((size, k) => {
      const each = draws.map((c) => closedForm(c, size / 2, chinchilla(c, INPUTS.N, INPUTS.D)));
      const wanted = interval(Float64Array.from(each), 0.9);
      [lo[k], hi[k]].forEach((end, side) => {
        if (Number.isNaN(wanted[side])) expect(end).toBeNaN();
        else expect(off(end, wanted[side])).toBeLessThan(1e-9);
      });
    });
    expect(hi.every((end, k) => end > lo[k])).toBe(true);
  });
});
