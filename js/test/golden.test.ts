// The browser's numbers are Python's: every law of the catalogue and every optimum, as written by
// tests/golden/golden.py.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Solve, Tree } from "../src/spec";
import { solveOnce, valueOf } from "./fixture";

interface Golden {
  trees?: { name?: string; tree: Tree; values: Record<string, number>; expect: number | null }[];
  solves?: {
    name?: string;
    solve: Solve;
    cases: { values: Record<string, number>; expect: (number | null)[] }[];
  }[];
}

const folder = new URL("../../tests/golden/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

/** Relative distance; two values that both do not exist agree. */
function distance(found: number, wanted: number | null): number {
  if (wanted === null) return Number.isNaN(found) ? 0 : Infinity;
  return Math.abs(found - wanted) / Math.max(Math.abs(wanted), Number.MIN_VALUE);
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
