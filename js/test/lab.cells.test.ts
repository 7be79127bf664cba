import { expect, test } from "vitest";
import { inputKinds, isAsked, previewed, readInput, sameValue, writeInput } from "../src/inputs";
import { pageHost } from "../src/page";
import { Roots, touches } from "../src/roots";
import type { Axis, Mark, Parabolas, Spec } from "../src/spec";

const spec: Spec = {
  title: "test",
  groups: [
    {
      label: "all",
      controls: [
        {
          kind: "slider",
          cell: "N",
          label: "N",
          unit: "",
          scale: "log",
          domain: [1, 10],
          format: "",
        },
        {
          kind: "slider",
          cell: "wheel.E",
          label: "E",
          unit: "",
          scale: "linear",
          domain: [1, 2],
          format: "",
        },
        { kind: "choice", cell: "data", label: "data", options: [{ value: "a", label: "a" }] },
        { kind: "choice", cell: "objective", label: "objective", options: [] },
        { kind: "toggle", cell: "on", label: "on" },
        { kind: "action", label: "all back", set: { excluded: [] } },
      ],
    },
  ],
  links: [{ product: "C", factor: 6, a: "N", b: "D", hold: "hold" }],
  formulas: [
    { cell: "E", tree: ["where", ["<", "on", 0.5], "fit_E", "wheel_E"] },
    { cell: "loss", tree: ["+", "E", ["/", "A", "N"]] },
    { cell: "best_loss", tree: ["+", "E", ["/", "A", "N_best"]] },
  ],
  solves: [
    {
      kind: "budget",
      outputs: ["N_best", "D_best"],
      loss: ["/", "A", "N"],
      dN: "N",
      dD: "D",
      budget: "C",
    },
  ],
  refit: {
    constants: [],
    loss: "E",
    gradient: [],
    rows: {},
    observed: "loss",
    excluded: "excluded",
    objective: "objective",
    delta: "delta",
  },
  plots: [],
  tables: [],
  draws: [],
  asks: ["data", "objective", "excluded"],
};

const parabolas: Parabolas = {
  rows: {},
  group: "C",
  x: "N",
  y: "loss",
  excluded: "excluded",
  active: "on",
  curves: { x: "curves_N", y: "curves_loss" },
  lowest: { group: "lowest_C", x: "lowest_N", y: "lowest_loss" },
  factor: "k_N",
  exponent: "a_N",
};

test("a cell hangs on all that its formulas read, and not on what an axis gives", () => {
  const roots = new Roots(spec);
  expect(roots.of(["loss"])).toEqual(new Set(["loss", "E", "on", "fit_E", "wheel_E", "A", "N"]));
  expect(roots.of(["loss"], ["N"]).has("N")).toBe(false);
  expect(roots.of(["loss"], ["E"])).toEqual(new Set(["loss", "A", "N"]));
});

test("a solve's unknowns are not the cells of the same name", () => {
  const roots = new Roots(spec).of(["best_loss"]);
  expect(roots.has("C")).toBe(true);
  expect(roots.has("N")).toBe(false);
  expect(roots.has("D")).toBe(false);
});

test("rows that a hand moves hang on the list of the moved", () => {
  const roots = new Roots({ ...spec, nudge: { array: "runs_loss", cell: "hand.moved" } });
  const rows = { N: "runs_N", measured: "runs_loss" };
  expect(roots.ofRows(["loss"], rows)).toEqual(
    new Set(["loss", "E", "on", "fit_E", "wheel_E", "A", "hand_moved"]),
  );
  expect(roots.ofRows(["loss"], { N: "runs_N" }).has("hand_moved")).toBe(false);
  expect(new Roots(spec).ofRows(["loss"], rows)).toEqual(new Roots(spec).of(["loss"], ["N"]));
});

test("only a change of a root touches", () => {
  const roots = new Roots(spec).of(["loss"]);
  expect(touches(roots, new Set(["N"]))).toBe(true);
  expect(touches(roots, new Set(["C", "D"]))).toBe(false);
  expect(touches(roots, "all")).toBe(true);
});

test("every input cell is found, with what it holds", () => {
  expect(Object.fromEntries(inputKinds(spec))).toEqual({
    N: "number",
    "wheel.E": "number",
    data: "text",
    objective: "text",
    on: "toggle",
    hold: "text",
    excluded: "list",
    delta: "number",
  });
});

test("what plots, a listing, parabolas and nudges keep are inputs too", () => {
  const axis: Axis = { label: "", scale: "log", log: "log_x", format: ".2f" };
  const runs: Mark = {
    kind: "points",
    rows: {},
    x: "N",
    y: "loss",
    label: "runs",
    color: "runs",
    excluded: "out",
    lasso: "by_hand",
    nudged: "moved",
  };
  const kinds = inputKinds({
    ...spec,
    groups: [{ label: "", controls: [{ kind: "copy", label: "copy", text: "script" }] }],
    links: [],
    refit: undefined,
    parabolas: { ...parabolas, excluded: "out_of_groups" },
    nudge: { array: "runs_loss", cell: "moved_too" },
    listing: { label: "runs", rows: {}, columns: [], excluded: "out_of_list" },
    plots: [{ id: "", title: "", x: axis, y: { ...axis, log: undefined }, marks: [runs] }],
  });
  expect(Object.fromEntries(kinds)).toEqual({
    log_x: "toggle",
    by_hand: "toggle",
    out: "list",
    moved: "list",
    out_of_groups: "list",
    out_of_list: "list",
    moved_too: "list",
  });
});

test("the browser's refit can stand in for an objective, not for a data set", () => {
  const own = previewed(spec);
  for (const cell of ["objective", "excluded", "delta", "wheel.E"]) expect(own).toContain(cell);
  expect(own).not.toContain("data");
  expect(previewed({ ...spec, formulas: [] })).not.toContain("wheel.E"); // which nothing reads
  expect(previewed({ ...spec, refit: undefined })).toEqual(new Set());
});

test("so can its parabolas, which know no objective", () => {
  const own = previewed({ ...spec, refit: undefined, parabolas });
  for (const cell of ["excluded", "N"]) expect(own).toContain(cell);
  for (const cell of ["data", "objective"]) expect(own).not.toContain(cell);
});

test("a dotted cell is a key of its trait, and its neighbours stay", () => {
  const state: Record<string, unknown> = { wheel: { E: 1.5, A: 400 } };
  const host = pageHost(state);
  const before = state["wheel"];
  writeInput(host, "wheel.E", 1.7);
  expect(readInput(host, "wheel.E", "number")).toBe(1.7);
  expect(state["wheel"]).toEqual({ E: 1.7, A: 400 });
  expect(before).toEqual({ E: 1.5, A: 400 });
});

test("what the host does not hold is off, empty or unknown", () => {
  const host = pageHost({ held: {} });
  expect(readInput(host, "held.E", "toggle")).toBe(false);
  expect(readInput(host, "wheel.E", "number")).toBeNaN();
  expect(readInput(host, "excluded", "list")).toEqual([]);
  expect(readInput(host, "law", "text")).toBe("");
});

test("a question is asked for a cell, or for the whole trait behind it", () => {
  const asking = { ...spec, asks: ["wheel", "held.E"] };
  expect(isAsked(asking, "wheel.E")).toBe(true);
  expect(isAsked(asking, "held.E")).toBe(true);
  expect(isAsked(asking, "held.A")).toBe(false);
  expect(isAsked(asking, "N")).toBe(false);
});

test("a page's host calls who listens, until they stop", () => {
  const host = pageHost({});
  let calls = 0;
  const off = host.on("N", () => calls++);
  host.set("N", 1);
  host.set("D", 1);
  off();
  host.set("N", 2);
  expect(calls).toBe(1);
});

test("lists are the same by their rows", () => {
  expect(sameValue([1, 2], [1, 2])).toBe(true);
  expect(sameValue([1, 2], [2, 1])).toBe(false);
  expect(sameValue(NaN, NaN)).toBe(true);
  expect(sameValue([], 0)).toBe(false);
});
