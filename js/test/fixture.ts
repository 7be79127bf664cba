// A lab in miniature for the engine's tests: Chinchilla's surface with inputs, draws, optima and a
// refit, and a random generator that gives the same numbers everywhere.

import { Graph, Program } from "../src/engine/compile";
import { Solver, WARM } from "../src/engine/solve";
import type { Control, Facts, Packed, Solve, Spec, Tree } from "../src/spec";

/** One tree with its names at the values given; sums run over the lists. */
export function valueOf(
  tree: Tree,
  values: Record<string, number>,
  lists: Record<string, number[]> = {},
): number {
  const graph = new Graph({
    count: Math.max(0, ...Object.values(lists).map((list) => list.length)),
    has: (name) => Object.hasOwn(lists, name),
    get: (name) => Float64Array.from(lists[name]),
  });
  const places = new Map<string, number>();
  const id = graph.place(tree, (name) => {
    const place = places.get(name) ?? graph.leaf();
    places.set(name, place);
    return place;
  });
  const program = new Program(graph);
  for (const [name, place] of places) program.values[program.at(place)] = values[name];
  program.cold();
  return program.read(id, 0);
}

/** A solve without a solution before it to begin from. */
export function solveOnce(solve: Solve, values: Record<string, number>): number[] {
  const solver = new Solver(solve);
  const outputs = new Float64Array(solve.outputs.length);
  const inputs = Float64Array.from(solver.inputs, (name) => values[name]);
  solver.solve(inputs, outputs, new Float64Array(WARM).fill(NaN), 0);
  return [...outputs];
}

export const SURFACE: Tree = [
  "+",
  ["+", "E", ["/", "A", ["**", "N", "alpha"]]],
  ["/", "B", ["**", "D", "beta"]],
];
export const BY_N: Tree = [
  "neg",
  ["*", ["/", "A", ["**", "N", "alpha"]], ["*", "alpha", ["/", 1, "N"]]],
];
export const BY_D: Tree = [
  "neg",
  ["*", ["/", "B", ["**", "D", "beta"]], ["*", "beta", ["/", 1, "D"]]],
];
export const GRADIENT: Tree[] = [
  1,
  ["/", 1, ["**", "N", "alpha"]],
  ["neg", ["*", ["/", "A", ["**", "N", "alpha"]], ["log", "N"]]],
  ["/", 1, ["**", "D", "beta"]],
  ["neg", ["*", ["/", "B", ["**", "D", "beta"]], ["log", "D"]]],
];
export const NAMES = ["E", "A", "alpha", "B", "beta"];
/** Besiroglu et al. 2024, Table 1. */
export const TRUTH = { E: 1.8172, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };
export type Constants = typeof TRUTH;

export function chinchilla({ E, A, alpha, B, beta }: Constants, N: number, D: number): number {
  return E + A / N ** alpha + B / D ** beta;
}

/** Hoffmann et al. 2022, Eq. 4. */
export function chinchillaOptimum({ A, alpha, B, beta }: Constants, C: number): [number, number] {
  const G = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta));
  const N = G * (C / 6) ** (beta / (alpha + beta));
  return [N, C / (6 * N)];
}

/** Numbers in [0, 1), the same on every machine (Park and Miller). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function pack(values: ArrayLike<number>): Packed {
  const data = new DataView(new ArrayBuffer(values.length * 8));
  for (let i = 0; i < values.length; i++) data.setFloat64(i * 8, values[i], true);
  return { dtype: "f8", shape: [values.length], data };
}

/** Facts: fitted constants, `draws` draws around them, and 240 runs with 0.5 % noise. */
export function labFacts(draws = 200, serial = 1): Facts {
  const random = generator(7);
  const arrays: Record<string, Packed> = {};
  for (const name of NAMES) {
    const value = TRUTH[name as keyof Constants];
    const spread = name === "A" || name === "B" ? 0.2 : 0.02;
    arrays[`draws_${name}`] = pack(
      Array.from({ length: draws }, () => value * Math.exp(spread * normal(random))),
    );
  }
  const N = Array.from({ length: 240 }, () => 10 ** (7.5 + 2.5 * random()));
  const D = Array.from({ length: 240 }, () => 10 ** (9 + 2.5 * random()));
  arrays.run_N = pack(N);
  arrays.run_D = pack(D);
  arrays.run_loss = pack(
    N.map((n, i) => chinchilla(TRUTH, n, D[i]) * Math.exp(0.005 * normal(random))),
  );
  const values = NAMES.map((name) => TRUTH[name as keyof Constants]);
  return {
    serial,
    names: [...NAMES.map((name) => `fit_${name}`), ...NAMES.map((name) => `centre_${name}`)],
    numbers: pack([...values, ...values]),
    arrays,
    strings: { run_names: N.map((_, i) => `run ${i}`) },
  };
}

export function labSpec(): Spec {
  const slider = (cell: string): Control => {
    return {
      kind: "slider",
      cell,
      label: cell,
      unit: "",
      scale: "log",
      domain: [1, 1e30],
      format: "quantity",
    };
  };
  const choice = (cell: string, ...values: string[]): Control => {
    return {
      kind: "choice",
      cell,
      label: cell,
      options: values.map((value) => ({ value, label: value })),
    };
  };
  const constant = (name: string) => ({
    cell: `fit_${name}`,
    name,
    positive: true,
    held: `hold_${name}`,
  });
  const surface = { loss: SURFACE, dN: BY_N, dD: BY_D };
  return {
    title: "a lab in miniature",
    groups: [
      {
        label: "inputs",
        controls: [
          slider("N"),
          slider("D"),
          slider("C"),
          slider("demand"),
          slider("wheel.E"),
          choice("held", "C", "N", "D"),
          choice("objective", "huber", "least_squares", "lad"),
          { kind: "toggle", cell: "hold_E", label: "hold E" },
        ],
      },
    ],
    links: [{ product: "C", factor: 6, a: "N", b: "D", hold: "held" }],
    formulas: [
      { cell: "E", tree: ["where", "hold_E", "wheel_E", "fit_E"] },
      ...NAMES.slice(1).map((name) => ({ cell: name, tree: `fit_${name}` })),
      { cell: "D_at_C", tree: ["/", "C", ["*", 6, "N"]] },
      { cell: "loss", tree: SURFACE },
      {
        cell: "loss_at_C",
        tree: [
          "+",
          ["+", "E", ["/", "A", ["**", "N", "alpha"]]],
          ["/", "B", ["**", "D_at_C", "beta"]],
        ],
      },
      {
        cell: "loss_opt",
        tree: [
          "+",
          ["+", "E", ["/", "A", ["**", "N_opt", "alpha"]]],
          ["/", "B", ["**", "D_opt", "beta"]],
        ],
      },
      {
        cell: "saving",
        tree: [
          "-",
          1,
          [
            "/",
            ["*", ["*", 2, "N_served"], ["+", ["*", 3, "D_served"], "demand"]],
            ["*", ["*", 2, "N_opt"], ["+", ["*", 3, "D_opt"], "demand"]],
          ],
        ],
      },
    ],
    solves: [
      { kind: "budget", outputs: ["N_opt", "D_opt"], budget: "C", ...surface },
      {
        kind: "demand",
        outputs: ["N_served", "D_served"],
        target: "loss_opt",
        demand: "demand",
        ...surface,
      },
    ],
    refit: {
      constants: NAMES.map(constant),
      loss: SURFACE,
      gradient: GRADIENT,
      rows: { N: "run_N", D: "run_D", run_loss: "run_loss" },
      observed: "run_loss",
      excluded: "excluded",
      objective: "objective",
      delta: "delta",
    },
    plots: [],
    tables: [],
    draws: NAMES.map((name) => ({
      cell: name,
      array: `draws_${name}`,
      centre: `centre_${name}`,
      positive: true,
    })),
    asks: ["excluded", "objective"],
  };
}

export const INPUTS = {
  N: 7e9,
  D: 1.4e11,
  C: 6 * 7e9 * 1.4e11,
  demand: 1e12,
  "wheel.E": 1.8,
  held: "C",
  objective: "huber",
  hold_E: false,
  excluded: [],
  delta: 1e-3,
};
