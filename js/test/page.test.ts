// A page without Python: what is decoded, what goes on, what is left out.
import { expect, test } from "vitest";
import { parse, standIn } from "../src/page";
import type { Facts, Spec } from "../src/spec";
import { unpack } from "../src/wire";

function packed(values: number[]): { dtype: "f8"; shape: number[]; data: DataView } {
  const data = new DataView(Float64Array.from(values).buffer);
  return { dtype: "f8", shape: [values.length], data };
}

/** A planner: Python is asked about all inputs, formulas go on with C and bits. */
function saved() {
  const slider = { kind: "slider", label: "", unit: "", scale: "log", domain: [1, 9], format: "quantity" };
  const spec = {
    title: "planner",
    groups: [
      {
        label: "",
        controls: [
          { ...slider, cell: "C" },
          { ...slider, cell: "wheel.P" },
          { ...slider, cell: "chips" },
          { kind: "choice", cell: "law", label: "", options: [] },
        ],
      },
    ],
    links: [],
    formulas: [
      { cell: "N", tree: ["*", "C", "wheel_P"] },
      { cell: "other", tree: "law" },
    ],
    solves: [],
    draws: [],
    plots: [],
    tables: [],
    asks: ["C", "wheel", "chips", "law"],
  } as unknown as Spec;
  const facts: Facts = {
    serial: 0,
    names: ["A", "plan"],
    numbers: packed([400, 7]),
    arrays: { runs: packed([1, 2]), bars: packed([3, 4]) },
    strings: { names: ["a"], code: ["plan(7)"] },
    status: { level: "ok", text: "planned" },
  };
  const state = { spec, facts, C: 2, wheel: { P: 3 }, chips: 4, law: "kaplan" };
  return { css: "", state, momentary: ["plan", "bars", "code"] };
}

const heard = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
const factsOf = (host: ReturnType<typeof standIn>) => host.get("facts") as Facts;

test("bytes come back as they were packed", () => {
  const text = '{"css":"","state":{"facts":{"numbers":{"dtype":"f8","shape":[1],"data":';
  const { state } = parse(`${text}{"base64":"AAAAAAAA+D8="}}}},"momentary":[]}`);
  expect([...unpack(state.facts.numbers)]).toEqual([1.5]);
});

test("only what no formula reads is still asked of Python", () => {
  const { asks } = standIn(saved()).get("spec") as Spec;
  expect(asks).toEqual(["chips", "law"]);
});

test("what holds for the saved inputs alone goes with them, and comes back", async () => {
  const host = standIn(saved());
  const before = factsOf(host);
  let told = 0;
  host.on("facts", () => told++);
  for (const [name, value, back] of [["C", 5, 2], ["wheel", { P: 9 }, { P: 3 }]] as const) {
    host.set(name, value);
    await heard();
    const { numbers, arrays, strings, status } = factsOf(host);
    expect([...unpack(numbers)]).toEqual([400, NaN]);
    expect([...unpack(arrays["runs"])]).toEqual([1, 2]);
    expect([...unpack(arrays["bars"])]).toEqual([NaN, NaN]);
    expect(strings).toEqual({ names: ["a"] });
    expect(status?.level).toBe("note");
    host.set(name, back);
    await heard();
    expect(factsOf(host)).toBe(before);
  }
  expect(told).toBe(4);
});

test("a drag tells it once", async () => {
  const host = standIn(saved());
  let told = 0;
  host.on("facts", () => told++);
  for (const C of [3, 4, 5]) {
    host.set("C", C);
    await heard();
  }
  expect(told).toBe(1);
});
