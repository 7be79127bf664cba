// The browser's numbers are Python's: every law of the catalogue and every optimum, as written by
// tests/golden/golden.py.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Solve, Tree } from "../src/spec";
import { solveOnce, valueOf } from "./fixture";

interface Golden {
  trees?: { name?: string; tree: Tree; values: Record<string, number>; expect: number | null }[];
  laws?: {
    name: string;
    trees: Tree[];
    items: Record<string, number[]>;
    values: Record<string, number>;
    expect: (number | null)[];
    sizes: number[];
  }[];
  solves?: {
    name?: string;
    solve: Solve;
    cases: { values: Record<string, number>; expect: (number | null)[] }[];
  }[];
}

const folder = new URL("../../tests/golden/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

/** Relative distance; two values that both do not exist agree. What is a ten-thousandth of its `size`
 *  or less is compared as that. */
function distance(found: number, wanted: number | null, size = 0): number {
  if (wanted === null) return Number.isNaN(found) ? 0 : Infinity;
  return Math.abs(found - wanted) / Math.max(Math.abs(wanted), 1e-4 * size, Number.MIN_VALUE);
}

test("there are golden files", () => {
  expect(files).not.toHaveLength(0);
});

describe.each(files)("%s", (file) => {
  const golden = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Golden;

  test("trees", () => {
    for (const { name, tree, values, expect: wanted } of golden.trees ?? []) {
      const found = valueOf(tree, values);
      expect(distance(found, wanted), `${name}: ${found}, not ${wanted}`).toBeLessThan(1e-9);
    }
  });

  test("laws and their derivatives", () => {
    for (const { name, trees, items, values, expect: wanted, sizes } of golden.laws ?? []) {
      trees.forEach((tree, k) => {
        const found = valueOf(tree, values, items);
        const text = `${name}, ${k}: ${found}, not ${wanted[k]}`;
        expect(distance(found, wanted[k], sizes[k]), text).toBeLessThan(1e-9);
      });
    }
  });

  test("solves", () => {
    for (const { name, solve, cases } of golden.solves ?? []) {
      for (const { values, expect: wanted } of cases) {
        const found = solveOnce(solve, values);
        wanted.forEach((value, k) => {
          const text = `${name}, ${solve.kind}: ${found}, not ${wanted}`;
          expect(distance(found[k], value), text).toBeLessThan(1e-9);
        });
      }
    }
  });
});
