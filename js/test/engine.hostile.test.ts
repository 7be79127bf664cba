// Trees at random through the reader: well formed, spoilt, and of no sense at all. Each is computed
// or refused in words; nothing else may happen. SW_TREES says how many (the study: 100,000).

import { describe, expect, test } from "vitest";
import { ARITY, OPERATIONS } from "../src/engine/operations";
import type { Tree } from "../src/spec";
import { generator, valueOf } from "./fixture";

const COUNT = Number(process.env.SW_TREES ?? 3000);
const NAMES = ["N", "D", "x", "", "__proto__", "constructor", "toString", "alert(1)", "<b>", "\u202e"];
const STRANGE: unknown[] = [
  ...[null, true, undefined, {}, { length: 2 }, [], [[]], [null], ["sum"], ["sum", 1, 2], NaN, Infinity],
  ...[-0, 1e308, 5e-324, "", ["__proto__", 1], ["constructor", 1, 2], ["eval", "x"], [["+"], 1, 2]],
  ...[["toString", 1], ["+", ...new Array(10000).fill(1)], { 0: "+", 1: 1, 2: 2, length: 3 }],
];
const VALUES = { N: 1e9, D: -2, x: 0.5 };

const random = generator(8);
const below = (count: number): number => Math.floor(random() * count);
const pick = <T>(from: readonly T[]): T => from[below(from.length)];

/** A tree of about so many operations. */
function grown(budget: number): unknown {
  if (budget <= 0) return random() < 0.5 ? pick(NAMES) : 10 ** (20 * random() - 10) * pick([1, -1, 0]);
  if (random() < 0.05) return ["sum", grown(budget - 1)];
  const name = pick(OPERATIONS);
  const count = ARITY[name];
  return [name, ...Array.from({ length: count }, () => grown(Math.floor((budget - 1) / count)))];
}

/** The tree with one of its parts replaced, cut short or told twice. */
function spoilt(tree: unknown): unknown {
  if (!Array.isArray(tree) || random() < 0.2) return pick(STRANGE);
  const at = below(tree.length);
  const parts = [...tree];
  if (random() < 0.6) parts[at] = spoilt(parts[at]);
  else parts.splice(at, below(2), ...(random() < 0.5 ? [] : [pick(STRANGE), parts[at]]));
  return parts;
}

/** One operation upon another, far beyond any law. */
function deep(): unknown {
  const [name, levels] = [pick(["neg", "sum", "exp", "unknown"]), pick([10, 900, 1100, 20000])];
  let tree: unknown = pick(["x", null, 1]);
  for (let k = 0; k < levels; k++) tree = [name, tree];
  return tree;
}

function next(k: number): unknown {
  if (k % 500 === 0) return deep();
  const tree = grown(below(20));
  return k % 3 ? spoilt(tree) : tree;
}

/** How long a tree takes, in ms, whatever comes of it. */
function again(tree: Tree): number {
  const begun = performance.now();
  try {
    valueOf(tree, VALUES, { x: [1, 2, 3] });
  } catch {
    // that it is refused in words was seen before
  }
  return performance.now() - begun;
}

describe(`${COUNT} trees at random`, () => {
  test("are computed, or refused in words", () => {
    const before = Object.getOwnPropertyNames(Object.prototype).length;
    let [computed, slowest] = [0, 0];
    for (let k = 0; k < COUNT; k++) {
      const tree = next(k) as Tree;
      const begun = performance.now();
      try {
        expect(typeof valueOf(tree, VALUES, { x: [1, 2, 3] })).toBe("number");
        computed++;
      } catch (error) {
        // the reader's own words: an engine's TypeError or RangeError is a crash
        const { constructor, message } = error as Error;
        const text = `tree ${k}: ${message}`;
        expect(constructor, text).toBe(Error);
        expect(message, text).toMatch(/operation|operand|not part of an expression|nested over|a sum stands/);
        expect(message.length, text).toBeLessThan(400);
      }
      let taken = performance.now() - begun;
      // once or twice may be the machine's doing
      for (let i = 0; i < 3 && taken > slowest; i++) taken = Math.min(taken, again(tree));
      slowest = Math.max(slowest, taken);
    }
    expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before);
    expect(slowest).toBeLessThan(50); // ms
    expect(computed).toBeGreaterThan(COUNT / 4);
    expect(computed).toBeLessThan(COUNT);
    if (process.env.SW_TREES) {
      console.log(`${COUNT} trees, ${computed} computed, the slowest took ${slowest.toFixed(1)} ms`);
    }
  }, 600_000);
});
