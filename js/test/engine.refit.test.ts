import { beforeEach, describe, expect, test } from "vitest";
import { Sheet } from "../src/engine/sheet";
import type { Facts, Refit, Spec, Tree } from "../src/spec";
import clicks from "./clicks.json";
import {
  type Constants,
  GRADIENT,
  INPUTS,
  NAMES,
  SURFACE,
  TRUTH,
  chinchilla,
  generator,
  labFacts,
  labSpec,
  normal,
  pack,
} from "./fixture";

let sheet: Sheet;
beforeEach(() => {
  sheet = new Sheet(labSpec());
  sheet.setFacts(labFacts());
  sheet.load(INPUTS);
});

const fitted = (): Constants =>
  Object.fromEntries(NAMES.map((name) => [name, sheet.get(`fit_${name}`)])) as Constants;

/** Sum over runs of rho(log predicted - log observed), as SciPy would see it. */
function objective(constants: Constants, rho: (r: number) => number): number {
  const [N, D, loss] = ["run_N", "run_D", "run_loss"].map((name) => sheet.array(name));
  const out = new Set(sheet.list("excluded"));
  let sum = 0;
  for (let i = 0; i < N.length; i++) {
    if (!out.has(i)) sum += rho(Math.log(chinchilla(constants, N[i], D[i]) / loss[i]));
  }
  return sum;
}
const huber = (r: number): number =>
  Math.abs(r) <= 1e-3 ? 0.5 * r * r : 1e-3 * (Math.abs(r) - 0.5e-3);
const squares = (r: number): number => 0.5 * r * r;

/** No step along a constant, alone or with another, improves the objective by more than this part. */
function expectOptimum(rho: (r: number) => number, slack: number): void {
  const found = fitted();
  const value = objective(found, rho);
  for (const a of NAMES) {
    for (const b of NAMES) {
      for (const [x, y] of [
        [1, 0],
        [-1, 0],
        [1, 1],
        [1, -1],
      ]) {
        for (const size of [1e-2, 1e-3, 1e-4]) {
          const other = { ...found };
          other[a as keyof Constants] *= 1 + size * x;
          other[b as keyof Constants] *= 1 + size * y;
          expect(objective(other, rho)).toBeGreaterThan(value * (1 - slack));
        }
      }
    }
  }
}

describe("the quick refit", () => {
  test("goes to the optimum of Huber's objective in one call", () => {
    const before = objective(fitted(), huber);
    sheet.refit();
    expect(objective(fitted(), huber)).toBeLessThan(before);
    expectOptimum(huber, 1e-7);
  });

  test("goes to least squares", () => {
    sheet.set("objective", "least_squares");
    sheet.refit();
    expectOptimum(squares, 1e-9);
  });

  test("nears least absolute deviations", () => {
    sheet.set("objective", "lad");
    sheet.refit();
    expectOptimum(Math.abs, 1e-4);
  });

  test("gives the same for the same runs, by whatever way they were chosen", () => {
    sheet.refit();
    const all = fitted();
    const random = generator(31);
    for (let k = 0; k < 20; k++) {
      const out = Array.from({ length: 1 + Math.floor(40 * random()) }, () =>
        Math.floor(240 * random()),
      );
      sheet.set("excluded", [...new Set(out)]);
      sheet.refit();
    }
    expect(fitted().A).not.toBe(all.A);
    expectOptimum(huber, 1e-7);
    sheet.set("excluded", []);
    sheet.refit();
    for (const name of NAMES) {
      const key = name as keyof Constants;
      expect(fitted()[key] / all[key]).toBeCloseTo(1, 3);
    }
  });

  test("recovers the law from runs without noise, far from the start", () => {
    const facts = labFacts();
    const random = generator(32);
    const [N, D] = ["run_N", "run_D"].map((name) => sheet.array(name));
    const loss = N.map((n, i) => chinchilla(TRUTH, n, D[i]));
    const start = NAMES.map(
      (name) => TRUTH[name as keyof Constants] * Math.exp(0.1 * normal(random)),
    );
    sheet.setFacts({
      ...facts,
      names: NAMES.map((name) => `fit_${name}`),
      numbers: pack(start),
      arrays: { ...facts.arrays, run_loss: pack(loss) },
    });
    sheet.set("objective", "least_squares");
    sheet.refit();
    for (const name of NAMES) {
      const key = name as keyof Constants;
      expect(fitted()[key] / TRUTH[key]).toBeCloseTo(1, 6);
    }
  });

  test("what a hand holds stays, and the rest goes to its optimum given that", () => {
    sheet.refit();
    const free = objective(fitted(), huber);
    sheet.set("hold_E", true);
    sheet.set("wheel.E", 1.7);
    const E = sheet.get("fit_E");
    sheet.refit();
    expect(sheet.get("fit_E")).toBe(E);
    expect(sheet.get("E")).toBe(1.7);
    const held = objective({ ...fitted(), E: 1.7 }, huber);
    expect(held).toBeGreaterThan(free);
    expect(held).toBeLessThan(objective({ ...TRUTH, E: 1.7 }, huber));
  });

  test("all that reads the constants follows, and the kernel's answer replaces them", () => {
    const before = sheet.get("N_opt");
    sheet.set(
      "excluded",
      Array.from({ length: 60 }, (_, i) => i),
    );
    sheet.refit();
    expect(sheet.get("E")).toBe(sheet.get("fit_E"));
    expect(sheet.get("N_opt")).not.toBe(before);
    sheet.setFacts(labFacts());
    expect(fitted()).toEqual(TRUTH);
    expect(sheet.get("N_opt") / before).toBeCloseTo(1, 12);
  });

  test.each([
    [
      "too few runs",
      () =>
        sheet.set(
          "excluded",
          Array.from({ length: 237 }, (_, i) => i),
        ),
    ],
    ["no delta", () => sheet.load({ delta: NaN })],
    [
      "all constants held",
      () => sheet.load(Object.fromEntries(NAMES.map((name) => [`hold_${name}`, true]))),
    ],
    ["an unknown constant", () => sheet.load({ fit_A: NaN })],
    [
      "a column that is missing",
      () => {
        const { run_D, ...arrays } = labFacts().arrays;
        sheet.setFacts({ ...labFacts(), arrays });
      },
    ],
  ])("leaves everything as it is with %s", (_, change) => {
    change();
    const before = fitted();
    sheet.refit();
    expect(fitted()).toEqual(before);
  });

  test("runs without a positive loss do not count", () => {
    const facts = labFacts();
    const loss = Float64Array.from(sheet.array("run_loss"));
    sheet.set("excluded", [5, 9]);
    sheet.refit();
    const wanted = fitted();
    loss.set([NaN], 5);
    loss.set([-1], 9);
    sheet.setFacts({ ...facts, arrays: { ...facts.arrays, run_loss: pack(loss) } });
    sheet.set("excluded", []);
    sheet.refit();
    expect(fitted()).toEqual(wanted);
  });
});

/** Chinchilla's constants in the order of NAMES, as they lie in clicks.json. */
function constantsOf(values: number[]): Constants {
  return Object.fromEntries(NAMES.map((name, k) => [name, values[k]])) as Constants;
}

/** clicks.json is Python's: 240 runs, the optimum of Huber's objective over all of them (`all`), and
 *  behind each run (N, D, loss) the optimum without it.
 *
 *      budgets = np.geomspace(6e18, 3e21, 10)
 *      runs = sw.simulate_isoflop_data(sw.law("hoffmann2022"), budgets, points=24, seed=1)
 *      runs = runs[["N", "D", "loss"]]  # each rounded to five digits
 *      every = sw.fit("hoffmann2022", runs)
 *      for i in range(240):
 *          sw.fit("hoffmann2022", runs, weights=np.arange(240) != i, start=every.params).params
 */
test("after any single click the law is the exact answer's at all runs", () => {
  const [N, D, loss] = [0, 1, 2].map((column) => clicks.runs.map((run) => run[column]));
  const facts: Facts = {
    serial: 1,
    names: NAMES.map((name) => `fit_${name}`),
    numbers: pack(clicks.all),
    arrays: { run_N: pack(N), run_D: pack(D), run_loss: pack(loss) },
    strings: {},
  };
  const misses = clicks.runs.map(([, , , ...optimum], clicked) => {
    sheet.setFacts(facts);
    sheet.set("excluded", [clicked]);
    sheet.refit();
    const [found, exact] = [fitted(), constantsOf(optimum)];
    const miss = (n: number, i: number): number =>
      Math.abs(Math.log(chinchilla(found, n, D[i]) / chinchilla(exact, n, D[i])));
    return Math.max(...N.map(miss));
  });
  expect(misses).toHaveLength(240);
  // in log loss; left where it was, the law would miss by up to 5e-4
  expect(Math.max(...misses)).toBeLessThan(1e-6);
});

function renamed(tree: Tree, names: Record<string, string>): Tree {
  if (typeof tree === "number") return tree;
  if (typeof tree === "string") return names[tree] ?? tree;
  const [operation, ...operands] = tree;
  return [operation, ...operands.map((operand) => renamed(operand, names))];
}

describe("runs that are formulas of sliders", () => {
  const slider: Constants = { E: 1.6, A: 300, alpha: 0.31, B: 1200, beta: 0.33 };

  /** Runs of a law whose constants are inputs, at sizes that an input moves. */
  function study(): Sheet {
    const at = (tree: Tree): Tree => renamed(tree, { N: "run_N", D: "run_D" });
    const spec: Spec = labSpec();
    const truth = Object.fromEntries(NAMES.map((name) => [name, `true_${name}`]));
    spec.formulas.push(
      { cell: "run_N", tree: ["*", "row_N", "shift"] },
      { cell: "run_D", tree: ["/", "row_D", "shift"] },
      { cell: "run_loss", tree: renamed(at(SURFACE), truth) },
    );
    const rows = { row_N: "run_N", row_D: "run_D" };
    const trees = { loss: at(SURFACE), gradient: GRADIENT.map(at) };
    spec.refit = { ...(spec.refit as Refit), ...trees, rows };
    const found = new Sheet(spec);
    found.setFacts(labFacts());
    for (const name of NAMES) found.load({ [`true_${name}`]: slider[name as keyof Constants] });
    found.load({ ...INPUTS, shift: 1, objective: "least_squares" });
    return found;
  }

  test.each([1, 5, 0.2])("are fitted where they are, moved %d times to the right", (shift) => {
    sheet = study();
    sheet.set("shift", shift);
    sheet.refit();
    for (const name of NAMES) {
      const key = name as keyof Constants;
      expect(fitted()[key] / slider[key], name).toBeCloseTo(1, 6);
    }
  });

  test("do not count where the law of the sliders has no loss", () => {
    sheet = study();
    const before = fitted();
    sheet.set("true_A", NaN);
    sheet.refit();
    expect(fitted()).toEqual(before);
  });
});
