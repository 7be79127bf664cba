import { beforeEach, describe, expect, test } from "vitest";
import { interval } from "../src/engine/quantile";
import { Sheet } from "../src/engine/sheet";
import {
  type Constants,
  INPUTS,
  NAMES,
  TRUTH,
  chinchilla,
  chinchillaOptimum,
  labFacts,
  labSpec,
  pack,
} from "./fixture";

let sheet: Sheet;
beforeEach(() => {
  sheet = new Sheet(labSpec());
  sheet.setFacts(labFacts());
  sheet.load(INPUTS);
});

const grid = (low: number, high: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => low * (high / low) ** (i / (points - 1)));

describe("bands and intervals", () => {
  /** The same without the engine: quantiles of a JavaScript function over the draws. */
  const byHand = (
    of: (c: Constants) => number,
    level: number,
    shift = (c: Constants) => c,
  ): [number, number] => {
    const draws = Array.from({ length: 200 }, (_, i) =>
      shift(
        Object.fromEntries(
          NAMES.map((name) => [name, sheet.array(`draws_${name}`)[i]]),
        ) as Constants,
      ),
    );
    return interval(Float64Array.from(draws, of), level);
  };
  const same = (found: [number, number], wanted: [number, number]): void => {
    expect(found[0] / wanted[0]).toBeCloseTo(1, 9);
    expect(found[1] / wanted[1]).toBeCloseTo(1, 9);
  };

  test("are the quantiles over the draws", () => {
    const Ns = grid(1e8, 1e11, 7);
    const { lo, hi } = sheet.band("loss_at_C", "N", Ns, 0.9);
    Ns.forEach((N, i) => {
      same(
        [lo[i], hi[i]],
        byHand((c) => chinchilla(c, N, INPUTS.C / (6 * N)), 0.9),
      );
    });
    same(
      sheet.interval("loss", 0.5),
      byHand((c) => chinchilla(c, INPUTS.N, INPUTS.D), 0.5),
    );
  });

  test("through solves", () => {
    const Cs = grid(1e18, 1e26, 5);
    const { lo, hi } = sheet.band("D_opt", "C", Cs, 0.8);
    Cs.forEach((C, i) =>
      same(
        [lo[i], hi[i]],
        byHand((c) => chinchillaOptimum(c, C)[1], 0.8),
      ),
    );
    same(
      sheet.interval("N_opt", 0.95),
      byHand((c) => chinchillaOptimum(c, INPUTS.C)[0], 0.95),
    );
  });

  test("hold what is under the hand and travel with the constants", () => {
    sheet.set("hold_E", true);
    sheet.set("wheel.E", 1.2 * TRUTH.E);
    const moved = byHand(
      (c) => chinchilla(c, INPUTS.N, INPUTS.D),
      0.9,
      (c) => ({ ...c, E: 1.2 * c.E }),
    );
    same(sheet.interval("loss", 0.9), moved);
  });

  test("shift by a difference where a constant may be negative", () => {
    const spec = labSpec();
    for (const draw of spec.draws) draw.positive = draw.cell !== "E";
    const other = new Sheet(spec);
    other.setFacts(labFacts());
    other.load({ ...INPUTS, hold_E: true, "wheel.E": TRUTH.E - 3 });
    const moved = byHand(
      (c) => chinchilla(c, INPUTS.N, INPUTS.D),
      0.9,
      (c) => ({ ...c, E: c.E - 3 }),
    );
    same(other.interval("loss", 0.9), moved);
  });

  test("a constant itself can be the axis or the answer", () => {
    const { lo, hi } = sheet.band("loss", "E", [1, 2], 0.9);
    expect(hi[1] - hi[0]).toBeCloseTo(1, 12);
    expect(lo[1] - lo[0]).toBeCloseTo(1, 12);
    same(
      sheet.interval("alpha", 0.9),
      byHand((c) => c.alpha, 0.9),
    );
    expect(sheet.interval("demand", 0.9)).toEqual([INPUTS.demand, INPUTS.demand]);
  });

  test("say nothing where more draws than a tail holds have no solution", () => {
    const spec = labSpec();
    const outputs = ["N_goal", "D_goal"];
    spec.solves.push({ ...spec.solves[1], outputs, target: "goal" });
    const other = new Sheet(spec);
    other.setFacts(labFacts());
    const floors = other.array("draws_E").slice().sort();
    // below the floors of 4 draws of 200 a tail of 0.05 has no gap, below those of 40 it has
    other.load({ ...INPUTS, goal: (floors[195] + floors[196]) / 2 + 1e-4 });
    expect(other.interval("N_goal", 0.9).every(Number.isFinite)).toBe(true);
    other.load({ goal: floors[160] });
    expect(other.get("N_goal")).toBeGreaterThan(0);
    expect(other.interval("N_goal", 0.9)).toEqual([NaN, NaN]);
  });

  test("draws that are there for some constants only are not there at all", () => {
    const facts = labFacts();
    const { draws_A: _, ...arrays } = facts.arrays;
    sheet.setFacts({ ...facts, arrays });
    expect(sheet.interval("loss", 0.95)).toEqual([NaN, NaN]);
  });

  test("draws of different lengths are refused", () => {
    const facts = labFacts();
    sheet.setFacts({ ...facts, arrays: { ...facts.arrays, draws_A: pack([1, 2]) } });
    expect(() => sheet.interval("loss", 0.9)).toThrow(/A has 2 values where others have 200/);
  });
});

describe("jobs", () => {
  const step = (job: { step(ms: number): boolean }): number => {
    let steps = 1;
    while (!job.step(0)) steps++;
    return steps;
  };

  test("come slice by slice to what comes at once", () => {
    const Cs = grid(1e18, 1e26, 5);
    const job = sheet.bandsJob(["N_served", "D_served"], "C", Cs, 0.9);
    expect(step(job)).toBeGreaterThan(10);
    expect(job.done).toBe(true);
    ["N_served", "D_served"].forEach((cell, k) => {
      const alone = sheet.band(cell, "C", Cs, 0.9);
      alone.lo.forEach((lo, i) => expect(job.result![k].lo[i] / lo).toBeCloseTo(1, 9));
      alone.hi.forEach((hi, i) => expect(job.result![k].hi[i] / hi).toBeCloseTo(1, 9));
    });
    const cells = ["saving", "N_opt", "loss"];
    const ends = sheet.intervalsJob(cells, 0.9);
    step(ends);
    cells.forEach((cell, k) => {
      expect(ends.result![k][0]).toBeCloseTo(sheet.interval(cell, 0.9)[0], 9);
      expect(ends.result![k][1] / sheet.interval(cell, 0.9)[1]).toBeCloseTo(1, 9);
    });
  });

  test("keep the inputs and facts of their start, whoever comes between", () => {
    const Ns = grid(1e8, 1e11, 7);
    const wanted = sheet.band("loss_at_C", "N", Ns, 0.9);
    const ends = sheet.interval("saving", 0.9);
    const bands = sheet.bandsJob(["loss_at_C"], "N", Ns, 0.9);
    const intervals = sheet.intervalsJob(["saving"], 0.9);
    expect([bands.step(0), intervals.step(0)]).toEqual([false, false]);
    for (let k = 1; !(bands.done && intervals.done); k++) {
      if (k > 200) throw new Error("the jobs make no progress");
      sheet.set("C", INPUTS.C * (2 + (k % 7)));
      if (k === 5) sheet.setFacts(labFacts(50));
      if (k % 3 === 0) sheet.band("loss_at_C", "N", Ns.slice(0, 3), 0.9);
      if (k === 4) sheet.interval("saving", 0.9);
      bands.step(0);
      intervals.step(0);
    }
    expect(bands.result![0]).toEqual(wanted);
    expect(intervals.result![0][0]).toBeCloseTo(ends[0], 9);
    expect(intervals.result![0][1]).toBeCloseTo(ends[1], 9);
  });
});
