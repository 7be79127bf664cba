// Bars and spans: what they read from the sheet and the places they are drawn at, without a browser.
import { describe, expect, test } from "vitest";
import { Sheet } from "../src/engine/sheet";
import { BarsLayer, halfBar } from "../src/plot/bars";
import { SpanLayer } from "../src/plot/layers";
import { Scale } from "../src/plot/scale";
import { Roots } from "../src/roots";
import type { Bars } from "../src/spec";
import { labSpec, pack } from "./fixture";

/** As much of an element as a layer needs. */
class Node {
  readonly attributes: Record<string, string> = {};
  readonly children: Node[] = [];
  readonly style: Record<string, string> = {};
  textContent = "";

  append(...children: Node[]): void {
    this.children.push(...children);
  }

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }
}

const doc = { createElementNS: () => new Node() } as unknown as Document;
const parts = (layer: { node: SVGElement }) => (layer.node as unknown as Node).children;
const x = new Scale("linear", [0, 10], [0, 100]);
const y = new Scale("linear", [1.5, -0.5], [40, 0]); // two names, the first on top

function sheetOf(arrays: Record<string, number[]>, inputs: Record<string, unknown> = {}): Sheet {
  const packed = Object.entries(arrays).map(([name, values]) => [name, pack(values)]);
  const sheet = new Sheet(labSpec());
  const facts = { serial: 1, names: [], numbers: pack([]), strings: {} };
  sheet.setFacts({ ...facts, arrays: Object.fromEntries(packed) });
  sheet.load(inputs);
  return sheet;
}

describe("a half bar", () => {
  test("has a straight edge where it begins and ends exactly at its value", () => {
    expect(halfBar(20, 60, 10)).toBe("M20,5.5H55.5a4.5,4.5 0 0 1 0,9H20Z");
    expect(halfBar(20, 5, 10)).toBe("M20,5.5H9.5a4.5,4.5 0 0 0 0,9H20Z");
  });

  test("that is short is not drawn longer than it is", () => {
    expect(halfBar(20, 22, 10)).toBe("M20,5.5H20a2,4.5 0 0 1 0,9H20Z");
    expect(halfBar(20, 20, 10)).toBe("M20,5.5H20a0,4.5 0 0 1 0,9H20Z");
  });

  test("without a place is nothing", () => {
    expect([halfBar(NaN, 1, 1), halfBar(1, NaN, 1), halfBar(1, 1, NaN)]).toEqual(["", "", ""]);
  });
});

describe("bars", () => {
  const mark: Bars = {
    kind: "bars",
    rows: { low: "lows", high: "highs", row: "places" },
    low: "low",
    high: "high",
    y: "row",
    label: "moved by",
    color: "law",
  };
  const ARRAYS = { lows: [2, 8], highs: [6, 4], places: [0, 1] };

  function drawn(sheet: Sheet, more: Partial<Bars> = {}): { layer: BarsLayer; paths: string[] } {
    const layer = new BarsLayer(doc, { ...mark, ...more }, new Roots(sheet.spec));
    layer.read(sheet, "all");
    layer.draw(x, y);
    return { layer, paths: parts(layer).map(({ attributes }) => attributes["d"]) };
  }

  test("meet half way, each row at its name", () => {
    const { layer, paths } = drawn(sheetOf(ARRAYS));
    expect(paths[0]).toBe(halfBar(40, 20, 10) + halfBar(60, 80, 30));
    expect(paths[1]).toBe(halfBar(40, 60, 10) + halfBar(60, 40, 30));
    expect([...layer.ys]).toEqual([0, 1]);
  });

  test("meet at the middle where it is given, and all three count for the axis", () => {
    const { layer, paths } = drawn(sheetOf(ARRAYS, { N: 5 }), { middle: "N" });
    expect(paths[0]).toBe(halfBar(50, 20, 10) + halfBar(50, 80, 30));
    expect([...layer.xs].sort()).toEqual([2, 4, 5, 5, 6, 8]);
  });

  test("leave out a half that has no value", () => {
    const { paths } = drawn(sheetOf({ ...ARRAYS, lows: [NaN, 8] }, { N: 5 }), { middle: "N" });
    expect(paths).toEqual([halfBar(50, 80, 30), halfBar(50, 60, 10) + halfBar(50, 40, 30)]);
  });

  test("are gone, for the axis too, while they are not visible", () => {
    const { layer, paths } = drawn(sheetOf(ARRAYS, { hold_E: false }), { visible: "hold_E" });
    expect([paths, layer.xs.length, layer.ys.length]).toEqual([["", ""], 0, 0]);
  });

  test("are read again only when something moved what they hang on", () => {
    const sheet = sheetOf(ARRAYS, { N: 5 });
    const { layer } = drawn(sheet, { middle: "N" });
    layer.fresh = false;
    layer.read(sheet, new Set(["D"]));
    expect(layer.fresh).toBe(false);
    layer.read(sheet, new Set(["N"]));
    expect(layer.fresh).toBe(true);
  });
});

describe("a span", () => {
  const span = (start: number | string, end: number | string) =>
    new SpanLayer(doc, { kind: "span", start, end, label: "", color: "muted" });
  const places = (layer: SpanLayer) => {
    layer.draw(x, y);
    const { x: from, width } = parts(layer)[0].attributes;
    return [from, width, (layer.node as unknown as Node).style["display"]];
  };

  test("follows the cells of its ends, and is drawn only when they move", () => {
    const sheet = sheetOf({}, { N: 2, "wheel.E": 7 });
    const layer = span("N", "wheel.E");
    layer.read(sheet);
    expect(places(layer)).toEqual(["20", "50", ""]);
    layer.fresh = false;
    layer.read(sheet);
    expect(layer.fresh).toBe(false);
    sheet.load({ N: 4 });
    layer.read(sheet);
    expect([layer.fresh, ...places(layer)]).toEqual([true, "40", "30", ""]);
  });

  test("is hidden while an end has no value, and comes back", () => {
    const sheet = sheetOf({}, { N: NaN });
    const layer = span("N", 7);
    layer.read(sheet);
    expect(places(layer)[2]).toBe("none");
    sheet.load({ N: 3 });
    layer.read(sheet);
    expect(places(layer)).toEqual(["30", "40", ""]);
  });

  test("of numbers is cut at the picture's sides", () => {
    const layer = span(-5, 3);
    layer.read(sheetOf({}));
    expect(places(layer)).toEqual(["0", "30", ""]);
  });
});
