import { beforeEach, describe, expect, test } from "vitest";
import { Sheet } from "../src/engine/sheet";
import type { Facts, Spec } from "../src/spec";
import { pack } from "./fixture";

const PARABOLAS = {
  rows: { C: "runs_C", size: "runs_N", run_loss: "runs_loss" },
  group: "C",
  x: "run_N",
  y: "run_loss",
  excluded: "excluded",
  active: "is_parabola",
  curves: { x: "curves_N", y: "curves_loss" },
  lowest: { group: "lowest_C", x: "lowest_N", y: "lowest_loss" },
  factor: "k_N",
  exponent: "a_N",
};
const spec: Spec = {
  title: "approach 2",
  groups: [],
  links: [],
  formulas: [
    { cell: "run_N", tree: ["*", "size", "shift"] },
    { cell: "optimum", tree: ["*", "k_N", ["**", 1e24, "a_N"]] },
  ],
  solves: [],
  parabolas: PARABOLAS,
  plots: [],
  tables: [],
  draws: [],
  asks: ["excluded"],
};

function factsOf(groups: number[], xs: number[], ys: number[]): Facts {
  return {
    serial: 1,
    names: ["is_parabola"],
    numbers: pack([1]),
    arrays: { runs_C: pack(groups), runs_N: pack(xs), runs_loss: pack(ys) },
    strings: {},
  };
}

/** Runs of each budget at seven sizes on parabolas in log10 N, with lowest points where told. */
function exact(budgets: number[], sizes: number[], curvature = 0.3): Facts {
  const steps = [-0.8, -0.5, -0.2, 0.1, 0.3, 0.6, 0.9];
  const runs = budgets.flatMap((C, k) => steps.map((step) => ({ C, k, step })));
  return factsOf(
    runs.map(({ C }) => C),
    runs.map(({ k, step }) => sizes[k] * 10 ** step),
    runs.map(({ k, step }) => 3 - 0.2 * k + curvature * step * step),
  );
}

const COMPUTE = [1e19, 1e20, 1e21, 1e22];
const SIZES = [
  [3.3e7, 8.29e7, 2.08e8, 5.23e8, 1.31e9, 3.3e9],
  [1.07e8, 2.7e8, 6.78e8, 1.7e9, 4.28e9, 1.07e10],
  [3.5e8, 8.79e8, 2.21e9, 5.54e9, 1.39e10, 3.5e10],
  [1.14e9, 2.86e9, 7.18e9, 1.8e10, 4.53e10, 1.14e11],
];
const LOSSES = [
  [3.267, 2.991, 2.936, 2.954, 3.112, 3.416],
  [2.739, 2.613, 2.547, 2.61, 2.682, 2.876],
  [2.441, 2.341, 2.297, 2.317, 2.394, 2.52],
  [2.241, 2.167, 2.142, 2.164, 2.201, 2.28],
];

let sheet: Sheet;
beforeEach(() => {
  sheet = new Sheet(spec);
  sheet.load({ shift: 1 });
});

function expectClose(found: ArrayLike<number>, wanted: number[]): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, k) => expect(found[k] / value).toBeCloseTo(1, 9));
}

describe("runs on parabolas", () => {
  const budgets = [1e21, 1e19, 1e20];
  const optima = budgets.map((C) => 0.1 * C ** 0.5);

  test("give their lowest points and the power law back, by ascending budget", () => {
    sheet.setFacts(exact(budgets, optima));
    expect(sheet.parabolas()).toBe(true);
    expect([...sheet.array("lowest_C")]).toEqual([1e19, 1e20, 1e21]);
    expectClose(sheet.array("lowest_N"), [optima[1], optima[2], optima[0]]);
    expectClose(sheet.array("lowest_loss"), [2.8, 2.6, 3]);
    expectClose([sheet.get("k_N"), sheet.get("a_N"), sheet.get("optimum")], [0.1, 0.5, 1e11]);
  });

  test("lie on the curves, which end at the smallest and the largest size, NaN between them", () => {
    sheet.setFacts(exact(budgets, optima));
    sheet.parabolas();
    const [xs, ys] = [sheet.array("curves_N"), sheet.array("curves_loss")];
    expect(xs).toHaveLength(3 * 33 + 2);
    expect(Array.from(xs.keys()).filter((k) => Number.isNaN(xs[k] + ys[k]))).toEqual([33, 67]);
    expectClose([xs[0], xs[16], xs[32]], [-0.8, 0.05, 0.9].map((step) => optima[1] * 10 ** step));
    expectClose([ys[0], ys[16], ys[32]], [-0.8, 0.05, 0.9].map((step) => 2.8 + 0.3 * step * step));
  });

  test("that open downwards have curves and no lowest point, and no power law is left", () => {
    sheet.setFacts(exact(budgets, optima, -0.3));
    sheet.parabolas();
    expect(sheet.array("curves_N")).toHaveLength(101);
    expect(sheet.array("lowest_N")).toHaveLength(0);
    expect(sheet.get("k_N")).toBeNaN();
    expect(sheet.get("a_N")).toBeNaN();
  });

  test("nearly flat, with the vertex beyond any model, have no lowest point", () => {
    sheet.setFacts(exact([1e19, 1e20, 1e21, 1e22], [3e8, 1e9, 3e9, 0.9], 1e-3));
    sheet.parabolas();
    expect([...sheet.array("lowest_C")]).toEqual([1e19, 1e20, 1e21]);
    sheet.setFacts(exact([1e19, 1e20, 1e21, 1e22], [3e8, 1e9, 3e9, 1.7e21], 1e-3));
    sheet.parabolas();
    expect([...sheet.array("lowest_C")]).toEqual([1e19, 1e20, 1e21]);
  });

  test("of one budget alone have a curve and no power law", () => {
    sheet.setFacts(exact([1e20], [1e9]));
    sheet.parabolas();
    expectClose(sheet.array("lowest_N"), [1e9]);
    expect(sheet.get("a_N")).toBeNaN();
  });
});

/** `python`, over the runs above as a table `runs` of C, N and loss without those left out:
 *
 *      found = sw.approach_2(runs)
 *      found.a_N, found.k_N, found.budgets["N_opt"], found.budgets["loss_opt"]
 *      found.curves(33)["loss"].sum()
 */
const PYTHON = [
  {
    excluded: [],
    a_N: 0.5142817791092026,
    k_N: 0.042783188674555446,
    N_opt: [264414056.11793697, 772669632.8903996, 2691829391.669147, 9033843716.861927],
    loss_opt: [2.9135163779029636, 2.560841964104271, 2.2986823008729416, 2.145308017259152],
    sum: 338.83389986241355,
  },
  {
    excluded: [0, 1, 8, 23],
    a_N: 0.4963033978962036,
    k_N: 0.1018106774548507,
    N_opt: [295151879.2875168, 767694383.1724155, 2691829391.669147, 8765374779.74044],
    loss_opt: [2.925901476763529, 2.569597931078807, 2.2986823008729416, 2.1436937360030246],
    sum: 338.73474330147826,
  },
];

describe("runs with noise", () => {
  beforeEach(() => {
    const budgets = SIZES.flatMap((sizes, k) => sizes.map(() => COMPUTE[k]));
    sheet.setFacts(factsOf(budgets, SIZES.flat(), LOSSES.flat()));
  });

  test.each(PYTHON)("are fitted as Python fits them, without the runs $excluded", (python) => {
    sheet.set("excluded", python.excluded);
    sheet.parabolas();
    expectClose(sheet.array("lowest_N"), python.N_opt);
    expectClose(sheet.array("lowest_loss"), python.loss_opt);
    expectClose([sheet.get("a_N"), sheet.get("k_N")], [python.a_N, python.k_N]);
    const heights = sheet.array("curves_loss").filter((y) => !Number.isNaN(y));
    expect(heights).toHaveLength(4 * 33);
    expectClose([heights.reduce((sum, y) => sum + y, 0)], [python.sum]);
  });

  test("may be formulas of a slider", () => {
    sheet.set("shift", 2);
    sheet.parabolas();
    expectClose(
      sheet.array("lowest_N"),
      PYTHON[0].N_opt.map((N) => 2 * N),
    );
    expectClose([sheet.get("a_N"), sheet.get("k_N")], [PYTHON[0].a_N, 2 * PYTHON[0].k_N]);
  });

  test("at fewer than three sizes are dropped", () => {
    sheet.set("excluded", [6, 7, 8, 9]);
    sheet.parabolas();
    expect([...sheet.array("lowest_C")]).toEqual([1e19, 1e21, 1e22]);
    expect(sheet.array("curves_N")).toHaveLength(3 * 33 + 2);
  });

  test("that have no size or loss are passed over", () => {
    const { excluded, N_opt } = PYTHON[1];
    const [losses, sizes, budgets] = [LOSSES.flat(), SIZES.flat(), [...sheet.array("runs_C")]];
    losses[excluded[0]] = NaN;
    losses[excluded[1]] = Infinity;
    sizes[excluded[2]] = -1;
    budgets[excluded[3]] = NaN; // belongs to none
    sheet.setFacts(factsOf(budgets, sizes, losses));
    sheet.parabolas();
    expectClose(sheet.array("lowest_N"), N_opt);
  });

  test("are left to the kernel while the curves are other ones", () => {
    sheet.load({ is_parabola: 0 });
    expect(sheet.parabolas()).toBe(false);
    expect(sheet.array("curves_N")).toHaveLength(0);
  });

  test("give way to the kernel's answer, arrays and numbers alike", () => {
    sheet.parabolas();
    expect(sheet.get("optimum")).toBeGreaterThan(0);
    sheet.setFacts(factsOf([], [], []));
    expect(sheet.array("lowest_N")).toHaveLength(0);
    expect(sheet.get("a_N")).toBeNaN();
    expect(sheet.get("optimum")).toBeNaN();
  });
});

test("without runs no curve is left, and a spec that asks for none has none", () => {
  sheet.setFacts(factsOf([1e20], [], [3]));
  expect(sheet.parabolas()).toBe(true);
  expect(sheet.array("curves_N")).toHaveLength(0);
  const without = new Sheet({ ...spec, parabolas: undefined });
  expect(without.parabolas()).toBe(false);
});
