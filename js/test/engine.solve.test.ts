import { describe, expect, test } from "vitest";
import { Solver, WARM } from "../src/engine/solve";
import type { Solve, Tree } from "../src/spec";
import {
  BY_D,
  BY_N,
  SURFACE,
  TRUTH,
  chinchilla,
  chinchillaOptimum,
  generator,
  normal,
  solveOnce,
} from "./fixture";

const BUDGET: Solve = {
  kind: "budget",
  outputs: ["n", "d"],
  loss: SURFACE,
  dN: BY_N,
  dD: BY_D,
  budget: "C",
};
const DEMAND: Solve = {
  kind: "demand",
  outputs: ["n", "d"],
  loss: SURFACE,
  dN: BY_N,
  dD: BY_D,
  target: "goal",
  demand: "served",
};

function near(found: number, wanted: number, tolerance = 1e-10): void {
  expect(Math.abs(found / wanted - 1), `${found}, not ${wanted}`).toBeLessThan(tolerance);
}

type Constants = typeof TRUTH;

/** Constants as bootstrap draws may have them, and far beyond. */
function wild(random: () => number): Constants {
  return {
    E: 3 * random(),
    A: 10 ** (5 * random()),
    B: 10 ** (6 * random()),
    alpha: 0.03 + 1.2 * random(),
    beta: 0.03 + 1.2 * random(),
  };
}

/** Sardana et al. 2024: the root in D of B (1 + beta/alpha) D**-beta + served beta B/(3 alpha)
 *  D**(-beta-1) = loss - E, and the N that goes with it. */
function sardana(
  { E, A, B, alpha, beta }: Constants,
  goal: number,
  served: number,
): [number, number] {
  let [low, high] = [-100, 1000];
  for (let k = 0; k < 200; k++) {
    const v = (low + high) / 2;
    const chinchillas = B * (1 + beta / alpha) * Math.exp(-beta * v);
    const more = ((served * beta * B) / (3 * alpha)) * Math.exp(-(beta + 1) * v);
    if (chinchillas + more > goal - E) low = v;
    else high = v;
  }
  const D = Math.exp(high);
  return [(A / (goal - E - B / D ** beta)) ** (1 / alpha), D];
}

describe("budget", () => {
  test("is Chinchilla's closed form, from cold and from any solution before", () => {
    const random = generator(11);
    const solver = new Solver(BUDGET);
    const outputs = new Float64Array(2);
    const warm = new Float64Array(WARM).fill(NaN);
    for (let k = 0; k < 3000; k++) {
      const values = { ...wild(random), C: 10 ** (15 + 13 * random()) };
      const [N, D] = chinchillaOptimum(values, values.C);
      const inputs = Float64Array.from(
        solver.inputs,
        (name) => values[name as keyof typeof values],
      );
      solver.solve(inputs, outputs, warm, 0);
      if (!(N > 1e-90 && N < 1e90)) continue;
      near(outputs[0], N);
      near(outputs[1], D);
      const [cold] = solveOnce(BUDGET, values);
      near(cold, N);
    }
  });

  test("is Kaplan's closed form", () => {
    const x: Tree = ["**", ["/", "N_c", "N"], ["/", "a_N", "a_D"]];
    const y: Tree = ["/", "D_c", "D"];
    const outer: Tree = ["*", "a_D", ["**", ["+", x, y], ["-", "a_D", 1]]];
    const kaplan: Solve = {
      ...BUDGET,
      loss: ["**", ["+", x, y], "a_D"],
      dN: ["neg", ["/", ["*", outer, ["*", ["/", "a_N", "a_D"], x]], "N"]],
      dD: ["neg", ["/", ["*", outer, y], "D"]],
    };
    const random = generator(12);
    for (let k = 0; k < 300; k++) {
      // Kaplan et al. 2020, Table 2, and draws around it
      const draw = (value: number, width: number) => value * Math.exp(width * normal(random));
      const values = {
        a_N: draw(0.076, 0.1),
        a_D: draw(0.103, 0.1),
        N_c: draw(6.4e13, 1),
        D_c: draw(1.8e13, 1),
      };
      const C = 10 ** (15 + 13 * random());
      const r = values.a_N / values.a_D;
      const N = ((r * values.N_c ** r * C) / (6 * values.D_c)) ** (1 / (1 + r));
      near(solveOnce(kaplan, { ...values, C })[0], N);
    }
  });

  test("takes its own factor and keeps the budget exactly", () => {
    const [N, D] = solveOnce({ ...BUDGET, factor: 5 }, { ...TRUTH, C: 1e21 });
    near(5 * N * D, 1e21, 1e-15);
    near(N, chinchillaOptimum(TRUTH, (6 / 5) * 1e21)[0]);
  });

  test("has no solution without a budget or an optimum", () => {
    for (const C of [0, -1e20, NaN, Infinity])
      expect(solveOnce(BUDGET, { ...TRUTH, C })).toEqual([NaN, NaN]);
    // more tokens only hurt: the best N is without end
    expect(solveOnce(BUDGET, { ...TRUTH, B: -10, C: 1e20 })).toEqual([NaN, NaN]);
    expect(solveOnce(BUDGET, { ...TRUTH, alpha: NaN, C: 1e20 })).toEqual([NaN, NaN]);
  });

  test("no solution does not spoil the next", () => {
    const solver = new Solver(BUDGET);
    const outputs = new Float64Array(2);
    const warm = new Float64Array(WARM).fill(NaN);
    for (const C of [1e20, NaN, 1e24]) {
      const values = { ...TRUTH, C };
      const inputs = Float64Array.from(
        solver.inputs,
        (name) => values[name as keyof typeof values],
      );
      solver.solve(inputs, outputs, warm, 0);
    }
    near(outputs[0], chinchillaOptimum(TRUTH, 1e24)[0]);
  });
});

describe("demand", () => {
  test("is Chinchilla's optimum when nothing is served", () => {
    for (const C of [1e18, 1e21, 1e25]) {
      const [N, D] = chinchillaOptimum(TRUTH, C);
      const found = solveOnce(DEMAND, { ...TRUTH, goal: chinchilla(TRUTH, N, D), served: 0 });
      near(found[0], N);
      near(found[1], D);
    }
  });

  test("reproduces Sardana et al.'s published optimum", () => {
    // their code's defaults: loss 1.947 and 2e12 tokens give 24.18B parameters on 2.657T tokens
    const constants = { E: 1.69, A: 406.4, B: 410.7, alpha: 0.336, beta: 0.283 };
    const [N, D] = solveOnce(DEMAND, { ...constants, goal: 1.947, served: 2e12 });
    near(N, 24.18e9, 1e-3);
    near(D, 2.657e12, 1e-3);
  });

  test("is the root of their equation for wild constants, from cold and from any solution before", () => {
    const random = generator(13);
    const solver = new Solver(DEMAND);
    const outputs = new Float64Array(2);
    const warm = new Float64Array(WARM).fill(NaN);
    let plans = 0;
    for (let k = 0; k < 6000; k++) {
      const constants = wild(random);
      const gap = 10 ** (6 * random() - 5);
      const values = {
        ...constants,
        goal: constants.E + gap,
        served: k % 7 === 0 ? 0 : 10 ** (15 * random()),
      };
      const [N, D] = sardana(constants, values.goal, values.served);
      const inputs = Float64Array.from(
        solver.inputs,
        (name) => values[name as keyof typeof values],
      );
      solver.solve(inputs, outputs, warm, 0);
      if (!(N > 1.001 && N < 0.999e26 && D > 1.001 && D < 0.999e30)) {
        if (N < 0.999 || N > 1.001e26 || D < 0.999 || D > 1.001e30) expect(outputs[0]).toBeNaN();
        continue;
      }
      plans++;
      // the gap to the floor is a difference of two losses: it has lost so many digits
      const tolerance = 1e-10 + (1e-13 * values.goal) / gap;
      near(outputs[0], N, 50 * tolerance);
      near(outputs[1], D, 50 * tolerance);
    }
    expect(plans).toBeGreaterThan(2000);
  });

  test("obeys the wedge of log slopes along drags of any length", () => {
    const { A, B, alpha, beta } = TRUTH;
    const solver = new Solver(DEMAND);
    const outputs = new Float64Array(2);
    const warm = new Float64Array(WARM).fill(NaN);
    const random = generator(14);
    let served = 1e9;
    for (let k = 0; k < 2000; k++) {
      served = Math.min(
        1e15,
        Math.max(1e3, served * 10 ** ((random() - 0.5) * (k % 10 === 0 ? 12 : 0.2))),
      );
      const values = { ...TRUTH, goal: 2.1, served };
      const inputs = Float64Array.from(
        solver.inputs,
        (name) => values[name as keyof typeof values],
      );
      solver.solve(inputs, outputs, warm, 0);
      const [N, D] = outputs;
      near(chinchilla(TRUTH, N, D), 2.1, 1e-13);
      near((alpha * A) / N ** alpha / ((beta * B) / D ** beta), 1 + served / (3 * D));
    }
  });

  test("has no solution at or below the floor, and none for nonsense", () => {
    for (const goal of [TRUTH.E, TRUTH.E - 0.1, 0, -1, NaN]) {
      expect(solveOnce(DEMAND, { ...TRUTH, goal, served: 1e12 })).toEqual([NaN, NaN]);
    }
    for (const served of [-1, NaN]) {
      expect(solveOnce(DEMAND, { ...TRUTH, goal: 2.1, served })).toEqual([NaN, NaN]);
    }
  });

  test("copes with a law that long training makes worse", () => {
    // a loss from low-bit serving that grows with D: at any N a best D, and no target beyond
    const loss: Tree = ["+", SURFACE, ["/", ["*", "K", ["**", "D", 0.5]], ["**", "N", 0.35]]];
    const dN: Tree = [
      "-",
      BY_N,
      ["/", ["*", 0.35, ["/", ["*", "K", ["**", "D", 0.5]], ["**", "N", 0.35]]], "N"],
    ];
    const dD: Tree = [
      "+",
      BY_D,
      ["/", ["*", 0.5, ["/", ["*", "K", ["**", "D", 0.5]], ["**", "N", 0.35]]], "D"],
    ];
    const K = 1e-4;
    const value = (N: number, D: number) => chinchilla(TRUTH, N, D) + (K * D ** 0.5) / N ** 0.35;
    const sizeFor = (D: number): number => {
      let [low, high] = [0, Math.log(1e26)];
      for (let k = 0; k < 100; k++) {
        const u = (low + high) / 2;
        if (value(Math.exp(u), D) > 2.3) low = u;
        else high = u;
      }
      return Math.exp(high);
    };
    for (const served of [0, 1e11, 1e13]) {
      const [N, D] = solveOnce({ ...DEMAND, loss, dN, dD }, { ...TRUTH, K, goal: 2.3, served });
      near(value(N, D), 2.3, 1e-12);
      const cost = (n: number, d: number) => 6 * n * d + 2 * n * served;
      for (let v = Math.log(1e8); v < Math.log(1e16); v += 0.05) {
        const d = Math.exp(v);
        expect(cost(N, D)).toBeLessThanOrEqual(cost(sizeFor(d), d) * (1 + 1e-12));
      }
    }
  });
});

describe("precision", () => {
  /** Kumar et al. 2024, Table 2: gamma and offset of weights, activations and KV cache. */
  const PARTS: [number, number][] = [
    [2.6745, 0.3037],
    [2.2102, 1.4072],
    [0.9578, 2.4185],
  ];
  const KUMAR = { E: 2.7648, A: 4299, B: 18060, alpha: 0.4965, beta: 0.4965 };
  const factor = ([gamma, offset]: [number, number]): Tree => [
    "-",
    1,
    ["exp", ["-", offset, ["/", "P", gamma]]],
  ];
  const share: Tree = ["*", ["*", factor(PARTS[0]), factor(PARTS[1])], factor(PARTS[2])];
  const sizeLoss: Tree = ["/", "A", ["**", ["*", "N", share], "alpha"]];
  /** d log share / d P: each part's e/(gamma (1 - e)) with e = exp(offset - P/gamma). */
  const slopes = PARTS.map(([gamma, offset]): Tree => {
    const e: Tree = ["exp", ["-", offset, ["/", "P", gamma]]];
    return ["/", e, ["*", gamma, ["-", 1, e]]];
  });
  const byBits: Tree = ["+", ["+", slopes[0], slopes[1]], slopes[2]];
  const PRECISION: Solve = {
    kind: "precision",
    outputs: ["n", "d", "p"],
    budget: "C",
    bits: [3, 16],
    loss: ["+", ["+", "E", sizeLoss], ["/", "B", ["**", "D", "beta"]]],
    dN: ["neg", ["/", ["*", "alpha", sizeLoss], "N"]],
    dD: BY_D,
    dP: ["neg", ["*", ["*", "alpha", sizeLoss], byBits]],
  };
  const shareAt = (P: number) =>
    PARTS.reduce((product, [gamma, offset]) => product * (1 - Math.exp(offset - P / gamma)), 1);
  /** With alpha = beta the best bits maximise share/P whatever the budget. */
  const bestBits = (): number => {
    let [low, high] = [3.2, 16];
    for (let k = 0; k < 100; k++) {
      const P = (low + high) / 2;
      const slope = PARTS.reduce((sum, [g, n]) => sum + P / g / Math.expm1(P / g - n), 0);
      if (slope > 1) low = P;
      else high = P;
    }
    return high;
  };

  test("finds the paper's 7 to 8 bits at every budget, and its N and D in closed form", () => {
    near(bestBits(), 7.0021, 1e-4);
    for (const C of [1e15, 1e19, 1e23, 1e28]) {
      const [N, D, P] = solveOnce(PRECISION, { ...KUMAR, C });
      near(P, bestBits());
      near((6 / 16) * N * D * P, C, 1e-14);
      const effective = { ...KUMAR, A: KUMAR.A / shareAt(P) ** KUMAR.alpha };
      near(N, chinchillaOptimum(effective, (C * 16) / P)[0]);
    }
  });

  test("stays within the bounds and takes the better one", () => {
    const bitsOf = (bits: [number, number]) =>
      solveOnce({ ...PRECISION, bits }, { ...KUMAR, C: 1e21 })[2];
    near(bitsOf([8, 16]), 8, 1e-14);
    near(bitsOf([4, 6]), 6, 1e-14);
    near(bitsOf([4, 16]), bestBits());
  });

  test("does not take bits too few for the law for a place to be", () => {
    // below 3.1 bits the share is negative, below 2.3 two negative factors make nonsense positive
    for (const low of [1, 2, 3]) {
      const found = solveOnce({ ...PRECISION, bits: [low, 16] }, { ...KUMAR, C: 1e21 });
      near(found[2], bestBits());
    }
  });

  test("is a minimum over bits for drawn constants, alpha and beta apart", () => {
    const random = generator(15);
    const fixed: Solve = {
      ...PRECISION,
      kind: "budget",
      outputs: ["n", "d"],
      budget: "C",
      factor: 6,
    };
    delete fixed.dP;
    const evaluate = (values: Record<string, number>, P: number): number => {
      const [N, D] = solveOnce(fixed, { ...values, P, C: (values.C * 16) / P });
      return values.E + values.A / (N * shareAt(P)) ** values.alpha + values.B / D ** values.beta;
    };
    for (let k = 0; k < 60; k++) {
      const draw = (value: number, width: number) => value * Math.exp(width * normal(random));
      const values = {
        E: 2.76,
        A: draw(4299, 0.5),
        B: draw(18060, 0.5),
        alpha: draw(0.5, 0.1),
        beta: draw(0.5, 0.1),
        C: 10 ** (15 + 13 * random()),
      };
      const P = solveOnce(PRECISION, values)[2];
      const best = evaluate(values, P);
      for (const other of [P * 0.99, P * 1.01, 4, 6, 9, 16]) {
        expect(best).toBeLessThanOrEqual(evaluate(values, Math.min(16, other)) * (1 + 1e-14));
      }
    }
  });

  test("has no solution without a budget", () => {
    expect(solveOnce(PRECISION, { ...KUMAR, C: NaN })).toEqual([NaN, NaN, NaN]);
    expect(solveOnce(PRECISION, { ...KUMAR, C: 0 })).toEqual([NaN, NaN, NaN]);
  });
});

describe("a solve that makes no sense is refused", () => {
  test("in words", () => {
    expect(() => new Solver({ ...BUDGET, budget: undefined })).toThrow(/solve of n, d.*goal/);
    expect(() => new Solver({ ...DEMAND, demand: undefined })).toThrow(/goal/);
    expect(() => new Solver({ ...BUDGET, outputs: ["n"] })).toThrow(/outputs N, D/);
    expect(() => new Solver({ ...BUDGET, kind: "precision" })).toThrow(/dP/);
    expect(() => new Solver({ ...BUDGET, loss: ["sin", "N"] })).toThrow(/unknown operation/);
  });
});
