import { describe, expect, test } from "vitest";
import { Graph, Program } from "../src/engine/compile";
import type { Tree } from "../src/spec";
import { generator, valueOf } from "./fixture";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe("operations are NumPy's", () => {
  const cases: [Tree, number][] = [
    [["+", "x", "y"], 5],
    [["-", "x", "y"], -1],
    [["*", "x", "y"], 6],
    [["/", "x", "y"], 2 / 3],
    [["neg", "x"], -2],
    [["exp", "x"], Math.exp(2)],
    [["log", "x"], Math.LN2],
    [["log2", 8], 3],
    [["log10", 1e5], 5],
    [["sqrt", "x"], Math.SQRT2],
    [["min", "x", "y"], 2],
    [["max", "x", "y"], 3],
    [["min", nan, 1], nan],
    [["max", 1, nan], nan],
    [["where", ["<", "x", "y"], 7, 8], 7],
    [["where", [">", "x", "y"], 7, 8], 8],
    [["where", nan, 7, 8], 7],
    [["<=", "x", "x"], 1],
    [["<", "x", "x"], 0],
    [[">=", nan, "x"], 0],
    [["/", 1, 0], inf],
    [["log", 0], -inf],
    [["log", -1], nan],
    [["**", 1, nan], 1],
    [["**", nan, 0], 1],
    [["**", 0, 0], 1],
    [["**", 0, -1], inf],
    [["**", 0, 2], 0],
    [["**", -2, 3], -8],
    [["**", -2, 0.5], nan],
    [["**", inf, -1], 0],
    [["-", 0, ["neg", 0]], 0],
  ];
  test.each(cases)("%j is %d", (tree, wanted) => {
    const found = valueOf(tree, { x: 2, y: 3 });
    if (Number.isFinite(wanted)) expect(found).toBeCloseTo(wanted, 13);
    else expect(found).toBe(wanted);
  });

  test("powers agree with Math.pow to 1e-13 over the range of laws", () => {
    const random = generator(1);
    for (let k = 0; k < 2000; k++) {
      const [x, y] = [10 ** (60 * random() - 30), 6 * random() - 3];
      expect(valueOf(["**", x, y], {}) / x ** y - 1).toBeLessThan(1e-13);
      expect(1 - valueOf(["**", x, y], {}) / x ** y).toBeLessThan(1e-13);
    }
  });
});

describe("malformed trees are refused, with what is wrong", () => {
  const deep = (levels: number): Tree => {
    let tree: Tree = "x";
    for (let k = 0; k < levels; k++) tree = ["neg", tree];
    return tree;
  };
  const cases: [unknown, RegExp][] = [
    [["sin", "x"], /unknown operation "sin".*sqrt/],
    [["constructor", "x"], /unknown operation "constructor"/],
    [["+", "x"], /\+ takes 2 operand\(s\), here it has 1/],
    [["where", 1, 2], /where takes 3/],
    [[], /unknown operation/],
    [[["+", 1, 2], 3], /unknown operation \["\+",1,2\]/],
    [["+", 1, null], /null is not part of an expression/],
    [["+", 1, { a: 1 }], /\{"a":1\} is not part/],
    [true, /true is not part/],
    [undefined, /undefined is not part/],
    [deep(5000), /nested over 1000 deep/],
  ];
  test.each(cases)("%#", (tree, message) => {
    expect(() => valueOf(tree as Tree, { x: 1 })).toThrow(message);
  });

  test("a tree 900 high is none of them", () => {
    expect(valueOf(deep(900), { x: 3 })).toBe(3);
  });
});

/** A random tree over four names, and the same as a JavaScript function. */
function randomTree(random: () => number, depth: number): Tree {
  if (depth === 0 || random() < 0.15)
    return random() < 0.7 ? "abcd"[Math.floor(4 * random())] : random();
  const operations = [
    "+",
    "-",
    "*",
    "/",
    "**",
    "neg",
    "exp",
    "log",
    "sqrt",
    "min",
    "max",
    "where",
    "<",
    ">=",
  ];
  const operation = operations[Math.floor(operations.length * random())];
  const arity =
    operation === "where" ? 3 : ["neg", "exp", "log", "sqrt"].includes(operation) ? 1 : 2;
  return [operation, ...Array.from({ length: arity }, () => randomTree(random, depth - 1))];
}

test("columns, hot names and slices give what lane by lane gives", () => {
  const random = generator(2);
  for (let k = 0; k < 150; k++) {
    const trees = [randomTree(random, 5), randomTree(random, 5)];
    const lanes = 1 + Math.floor(6 * random());
    const column = (): number[] => Array.from({ length: lanes }, () => 3 * random() - 0.5);
    const [a, b] = [column(), column()]; // wide; c is hot, d is neither
    const graph = new Graph();
    const leaves = {
      a: graph.leaf(true),
      b: graph.leaf(true),
      c: graph.leaf(false, true),
      d: graph.leaf(),
    };
    const outputs = trees.map((tree) =>
      graph.place(tree, (name) => leaves[name as keyof typeof leaves]),
    );
    const program = new Program(graph, lanes);
    program.column(leaves.a).set(a);
    program.column(leaves.b).set(b);
    program.values[program.at(leaves.d)] = 1.25;
    for (const [first, end] of [
      [0, 1],
      [1, lanes],
    ])
      program.cold(first, end);
    for (const c of [0.5, 2, -1]) {
      program.values[program.at(leaves.c)] = c;
      for (const [first, end] of [
        [0, 1],
        [1, lanes],
      ])
        program.hot(first, end);
      for (let lane = 0; lane < lanes; lane++) {
        const values = { a: a[lane], b: b[lane], c, d: 1.25 };
        trees.forEach((tree, t) => {
          expect(program.read(outputs[t], lane), JSON.stringify(tree)).toBe(valueOf(tree, values));
        });
      }
    }
  }
});

test("what trees share is computed once", () => {
  const graph = new Graph();
  const leaf = graph.leaf();
  const place = (): number => leaf;
  const first = graph.place(["/", "A", ["**", "N", "alpha"]], place);
  const count = graph.nodes.length;
  expect(graph.place(["/", "A", ["**", "N", "alpha"]], place)).toBe(first);
  expect(graph.nodes.length).toBe(count);
});

test("a call gets its lane's values and its results are read like any others", () => {
  const graph = new Graph();
  const a = graph.leaf(true);
  const lanesSeen: number[] = [];
  const [sum, product] = graph.call(
    (inputs, outputs, lane) => {
      lanesSeen.push(lane);
      outputs[0] = inputs[0] + inputs[1];
      outputs[1] = inputs[0] * inputs[1];
    },
    [a, graph.place(10, () => a)],
    2,
  );
  const difference = graph.place(["-", "p", "s"], (name) => (name === "p" ? product : sum));
  const program = new Program(graph, 3);
  program.column(a).set([1, 2, 3]);
  program.cold();
  expect(lanesSeen).toEqual([0, 1, 2]);
  expect([...program.column(difference)]).toEqual([-1, 8, 17]);
});
