import { describe, expect, it } from "vitest";
import { shareCarried, theSame } from "../src/carried";

/** A copy that shares nothing, as each message from the kernel is one. */
const copy = <T>(value: T): T => structuredClone(value);

function model(values: Record<string, unknown>, jupyter = true) {
  const set: string[] = [];
  return {
    values,
    set_names: set,
    get: (name: string) => values[name],
    set: (name: string, value: unknown) => {
      set.push(name);
      values[name] = value;
    },
    widget_manager: jupyter ? { has_model: () => true } : {},
  };
}

describe("what labs carry", () => {
  it("is held once by models that hold equal specs", () => {
    const spec = { title: "a lab", plots: [{ id: "loss", marks: [1, 2] }] };
    const [first, second] = [model({ spec: copy(spec) }), model({ spec: copy(spec) })];
    expect(second.values["spec"]).not.toBe(first.values["spec"]);
    shareCarried(first);
    shareCarried(second);
    expect(second.values["spec"]).toBe(first.values["spec"]);
    expect(second.values["spec"]).toEqual(spec);
  });

  it("stays apart where it differs", () => {
    const [first, second] = [model({ spec: { title: "a" } }), model({ spec: { title: "b" } })];
    shareCarried(first);
    shareCarried(second);
    expect(second.values["spec"]).toEqual({ title: "b" });
  });

  it("is left alone where setting a value would send it", () => {
    const other = model({ spec: { title: "a" }, _code: "" }, false);
    shareCarried(other);
    expect(other.set_names).toEqual([]);
  });

  it("is let go when two dozen others have come", () => {
    const first = theSame({ number: -1 });
    for (let number = 0; number < 24; number++) theSame({ number });
    expect(theSame({ number: -1 })).not.toBe(first);
    expect(theSame({ number: 23 })).toBe(theSame({ number: 23 }));
  });
});
