import { beforeEach, describe, expect, test } from "vitest";
import { Sheet } from "../src/engine/sheet";
import type { Spec } from "../src/spec";
import {
  type Constants,
  INPUTS,
  NAMES,
  TRUTH,
  chinchilla,
  chinchillaOptimum,
  generator,
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

const constants = (): Constants =>
  Object.fromEntries(NAMES.map((name) => [name, sheet.get(name)])) as Constants;
const grid = (low: number, high: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => low * (high / low) ** (i / (points - 1)));

describe("cells", () => {
  test("formulas and solves follow inputs, facts and each other", () => {
    expect(sheet.get("loss")).toBeCloseTo(chinchilla(TRUTH, INPUTS.N, INPUTS.D), 12);
    const [N, D] = chinchillaOptimum(TRUTH, INPUTS.C);
    expect(sheet.get("N_opt") / N).toBeCloseTo(1, 11);
    expect(sheet.get("loss_opt")).toBeCloseTo(chinchilla(TRUTH, N, D), 12);
    const before = sheet.get("saving");
    expect(before).toBeGreaterThan(0);
    sheet.set("demand", 1e14);
    expect(sheet.get("saving")).toBeGreaterThan(before);
  });

  test("a dotted cell is read under both of its names", () => {
    expect(sheet.get("wheel.E")).toBe(1.8);
    expect(sheet.get("wheel_E")).toBe(1.8);
    sheet.set("hold_E", true);
    expect(sheet.set("wheel.E", 1.5)).toEqual(["wheel.E"]);
    expect(sheet.get("E")).toBe(1.5);
    expect(sheet.get("loss")).toBeCloseTo(chinchilla({ ...TRUTH, E: 1.5 }, INPUTS.N, INPUTS.D), 12);
  });

  test("toggles are 0 and 1, choices the position of their option, the unknown is NaN", () => {
    expect(sheet.get("hold_E")).toBe(0);
    expect(sheet.get("objective")).toBe(0);
    sheet.set("objective", "lad");
    expect(sheet.get("objective")).toBe(2);
    expect(sheet.text("objective")).toBe("lad");
    sheet.set("objective", "other");
    expect(sheet.get("objective")).toBeNaN();
    expect(sheet.get("nobody")).toBeNaN();
    expect(sheet.text("nobody")).toBe("");
    expect(sheet.list("nobody")).toEqual([]);
    expect(sheet.array("nobody")).toHaveLength(0);
    expect(sheet.strings("constructor")).toEqual([]);
  });

  test("setting what is there already changes nothing", () => {
    expect(sheet.set("demand", INPUTS.demand)).toEqual([]);
    expect(sheet.set("excluded", [3, 4])).toEqual(["excluded"]);
    expect(sheet.set("excluded", [3, 4])).toEqual([]);
    expect(sheet.set("excluded", [3])).toEqual(["excluded"]);
    expect(sheet.list("excluded")).toEqual([3]);
  });

  test("before the kernel has spoken, all that needs it is NaN", () => {
    const mute = new Sheet(labSpec());
    mute.load(INPUTS);
    expect(mute.get("loss")).toBeNaN();
    expect(mute.get("N_opt")).toBeNaN();
    expect([...mute.tabulate("loss", "N", [1e9, 1e10])]).toEqual([NaN, NaN]);
    expect(mute.interval("loss", 0.9)).toEqual([NaN, NaN]);
    expect([...mute.band("loss", "N", [1e9], 0.9).lo]).toEqual([NaN]);
    expect(mute.rows(["loss"], { N: "run_N" })[0]).toHaveLength(0);
    mute.refit();
    expect(mute.get("fit_E")).toBeNaN();
  });
});

describe("facts", () => {
  test("an answer replaces all of the one before", () => {
    const { arrays, ...rest } = labFacts();
    sheet.setFacts({
      ...rest,
      names: ["fit_E"],
      numbers: pack([1.7]),
      arrays: { run_N: arrays.run_N },
      strings: {},
    });
    expect(sheet.get("fit_E")).toBe(1.7);
    expect(sheet.get("E")).toBe(1.7);
    expect(sheet.get("fit_A")).toBeNaN();
    expect(sheet.array("run_D")).toHaveLength(0);
    expect(sheet.strings("run_names")).toEqual([]);
    expect(sheet.get("N")).toBe(INPUTS.N);
  });

  test("a garbled answer is refused and leaves the last one in place", () => {
    const facts = labFacts();
    expect(() => sheet.setFacts({ ...facts, names: ["a"] })).toThrow(/1 names for 10 numbers/);
    expect(() => sheet.setFacts({ ...facts, names: ["loss", ...facts.names.slice(1)] })).toThrow(
      /loss is a formula/,
    );
    const short = { ...facts.arrays.run_N, shape: [7] };
    expect(() => sheet.setFacts({ ...facts, arrays: { run_N: short } })).toThrow(/bytes/);
    expect(sheet.get("fit_E")).toBe(TRUTH.E);
    expect(sheet.array("run_N")).toHaveLength(240);
  });
});

describe("links: C = 6 N D", () => {
  const holds = (): void =>
    expect(sheet.get("C") / (6 * sheet.get("N") * sheet.get("D"))).toBeCloseTo(1, 12);

  const cases: [held: string, moved: string, follows: string[]][] = [
    ["C", "N", ["D"]],
    ["C", "D", ["N"]],
    ["C", "C", ["N", "D"]],
    ["N", "C", ["D"]],
    ["N", "D", ["C"]],
    ["N", "N", ["C"]],
    ["D", "C", ["N"]],
    ["D", "N", ["C"]],
    ["D", "D", ["C"]],
  ];
  test.each(cases)("%s held, %s moved: %j follow", (held, moved, follows) => {
    sheet.set("held", held);
    const ratio = sheet.get("D") / sheet.get("N");
    const others = ["N", "D", "C"].filter((cell) => cell !== moved && !follows.includes(cell));
    const before = others.map((cell) => sheet.get(cell));
    expect(sheet.set(moved, sheet.get(moved) * 3)).toEqual([moved, ...follows]);
    holds();
    expect(others.map((cell) => sheet.get(cell))).toEqual(before);
    if (follows.length === 2) expect(sheet.get("D") / sheet.get("N") / ratio).toBeCloseTo(1, 12);
  });

  test("stay true through any sequence of moves", () => {
    const random = generator(21);
    for (let k = 0; k < 500; k++) {
      sheet.set("held", "NDC"[Math.floor(3 * random())]);
      const moved = "NDC"[Math.floor(3 * random())];
      sheet.set(moved, sheet.get(moved) * 10 ** (random() - 0.5));
      holds();
    }
  });

  test("what is loaded is taken as it is, and moves with an unknown partner move nothing else", () => {
    const fresh = new Sheet(labSpec());
    fresh.load({ held: "C", N: 1e9 });
    expect(fresh.set("N", 2e9)).toEqual(["N"]);
    fresh.load({ D: 3e10, C: 1e20 });
    expect([fresh.get("N"), fresh.get("D"), fresh.get("C")]).toEqual([2e9, 3e10, 1e20]);
  });
});

describe("tables", () => {
  test("x takes the grid's values, all else stays: input, fact or formula", () => {
    const Ns = grid(1e8, 1e11, 9);
    const c = constants();
    expect([...sheet.tabulate("N", "N", Ns)]).toEqual(Ns);
    sheet.tabulate("loss", "N", Ns).forEach((loss, i) => {
      expect(loss).toBeCloseTo(chinchilla(c, Ns[i], INPUTS.D), 12);
    });
    sheet.tabulate("loss_at_C", "N", Ns).forEach((loss, i) => {
      expect(loss).toBeCloseTo(chinchilla(c, Ns[i], INPUTS.C / (6 * Ns[i])), 12);
    });
    // a formula that is the axis is fixed, whatever it reads
    const Ds = grid(1e9, 1e12, 5);
    sheet.tabulate("loss_at_C", "D_at_C", Ds).forEach((loss, i) => {
      expect(loss).toBeCloseTo(chinchilla(c, INPUTS.N, Ds[i]), 12);
    });
    sheet.tabulate("loss", "fit_E", [1, 2]).forEach((loss, i) => {
      expect(loss - [1, 2][i]).toBeCloseTo(sheet.get("loss") - TRUTH.E, 12);
    });
    // what does not depend on x is the same everywhere
    expect([...sheet.tabulate("loss", "demand", [1, 2, 3])]).toEqual(
      Array(3).fill(sheet.get("loss")),
    );
    expect(sheet.get("loss")).toBeCloseTo(chinchilla(c, INPUTS.N, INPUTS.D), 12);
  });

  test("through solves, and over the output of one", () => {
    const Cs = grid(1e18, 1e26, 12);
    const opt = sheet.tabulate("N_opt", "C", Cs);
    opt.forEach((N, i) => expect(N / chinchillaOptimum(constants(), Cs[i])[0]).toBeCloseTo(1, 11));
    const served = sheet.tabulate("N_served", "C", Cs);
    Cs.forEach((C, i) => {
      sheet.load({ C });
      expect(served[i] / sheet.get("N_served")).toBeCloseTo(1, 9);
    });
    sheet.load({ C: INPUTS.C });
    const D = sheet.get("D_opt");
    sheet.tabulate("loss_opt", "N_opt", [1e9, 1e10]).forEach((loss, i) => {
      expect(loss).toBeCloseTo(chinchilla(constants(), [1e9, 1e10][i], D), 12);
    });
  });

  test("over pairs, row by row of the second cell", () => {
    const [Ns, Ds] = [grid(1e8, 1e11, 5), grid(1e9, 1e12, 4)];
    const wanted = Ds.flatMap((D) => Ns.map((N) => chinchilla(TRUTH, N, D)));
    const found = sheet.grid("loss", "N", Ns, "D", Ds);
    expect(found).toHaveLength(20);
    wanted.forEach((value, k) => expect(found[k] / value).toBeCloseTo(1, 12));
    expect(sheet.get("N")).toBe(INPUTS.N);
    // the other way round it is the same table, transposed
    const turned = sheet.grid("loss", "D", Ds, "N", Ns);
    wanted.forEach((value, k) => {
      const [row, column] = [Math.floor(k / 5), k % 5];
      expect(turned[column * 4 + row] / value).toBeCloseTo(1, 12);
    });
  });

  test("over pairs through solves, along one axis only, and of the axis itself", () => {
    const [Cs, demands] = [grid(1e19, 1e25, 4), grid(1e9, 1e15, 3)];
    const served = sheet.grid("N_served", "C", Cs, "demand", demands);
    demands.forEach((demand, row) =>
      Cs.forEach((C, column) => {
        const alone = new Sheet(labSpec());
        alone.setFacts(labFacts());
        alone.load({ ...INPUTS, C, demand });
        expect(served[row * 4 + column] / alone.get("N_served")).toBeCloseTo(1, 9);
      }),
    );
    const optimal = Cs.map((C) => chinchillaOptimum(TRUTH, C)[0]);
    const flat = sheet.grid("N_opt", "C", Cs, "demand", demands);
    expect(flat).toHaveLength(12);
    flat.forEach((N, k) => expect(N / optimal[k % 4]).toBeCloseTo(1, 9));
    expect([...sheet.grid("demand", "C", [1, 2], "demand", [3, 4])]).toEqual([3, 3, 4, 4]);
    expect([...sheet.grid("D", "C", [1, 2], "demand", [3])]).toEqual([INPUTS.D, INPUTS.D]);
  });

  test("follow every change of what they read", () => {
    const before = sheet.tabulate("loss", "N", [1e9])[0];
    sheet.load({ D: 1e9 });
    const after = sheet.tabulate("loss", "N", [1e9])[0];
    expect(after).toBeGreaterThan(before);
    sheet.set("hold_E", true);
    sheet.set("wheel.E", TRUTH.E + 1);
    expect(sheet.tabulate("loss", "N", [1e9])[0]).toBeCloseTo(after + 1, 12);
  });

  test("rows set their cells row by row", () => {
    const [N, loss, fixed] = sheet.rows(["N", "loss", "demand"], { N: "run_N", D: "run_D" });
    const [runN, runD] = [sheet.array("run_N"), sheet.array("run_D")];
    expect([...N]).toEqual([...runN]);
    loss.forEach((value, i) => expect(value).toBeCloseTo(chinchilla(TRUTH, runN[i], runD[i]), 12));
    expect([...fixed]).toEqual(Array(240).fill(INPUTS.demand));
  });

  test("columns of different lengths are refused", () => {
    expect(() => sheet.rows(["loss"], { N: "run_N", D: "draws_E" })).toThrow(
      /D has 200 values where others have 240/,
    );
  });
});

describe("a lab that makes no sense is refused, naming the cell", () => {
  const broken = (change: (spec: Spec) => unknown): (() => Sheet) => {
    const spec = labSpec();
    change(spec);
    return () => new Sheet(spec);
  };
  const circle = (spec: Spec): void => {
    spec.formulas.push(
      { cell: "p", tree: ["+", "q", 1] },
      { cell: "q", tree: ["*", "r", 2] },
      { cell: "r", tree: "p" },
    );
  };
  const throughSolve = (spec: Spec): void => {
    spec.formulas.push({ cell: "goal", tree: "N_made" });
    spec.solves.push({ ...spec.solves[0], outputs: ["N_made", "D_made"], budget: "goal" });
  };
  const cases: [string, (spec: Spec) => unknown, RegExp][] = [
    ["formulas in a circle", circle, /circle: p reads q reads r reads p/],
    [
      "a formula of itself",
      (spec) => spec.formulas.push({ cell: "x", tree: ["+", "x", 1] }),
      /x reads x/,
    ],
    ["a solve in a circle", throughSolve, /goal reads N_made reads goal/],
    [
      "a cell made twice",
      (spec) => spec.formulas.push({ cell: "loss", tree: 1 }),
      /loss is computed in two ways/,
    ],
    [
      "a solve that makes a formula",
      (spec) => (spec.solves[0].outputs = ["loss", "D_opt"]),
      /loss is computed/,
    ],
    [
      "a malformed formula",
      (spec) => spec.formulas.push({ cell: "y", tree: ["sin", 1] }),
      /formula of y: unknown operation/,
    ],
    [
      "a refit without derivatives",
      (spec) => spec.refit!.gradient.pop(),
      /4 derivatives for 5 constants/,
    ],
  ];
  test.each(cases)("%s", (_, change, message) => {
    expect(broken(change)).toThrow(message);
  });
});
