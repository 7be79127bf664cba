import { describe, expect, test } from "vitest";
import { unpack } from "../src/wire";

function bytes(write: (view: DataView) => void, length: number): DataView {
  const view = new DataView(new ArrayBuffer(length));
  write(view);
  return view;
}

describe("unpack", () => {
  test("reads little-endian numbers of each type", () => {
    const f8 = bytes(
      (view) => [1.5, -2, NaN, Infinity].forEach((x, i) => view.setFloat64(8 * i, x, true)),
      32,
    );
    expect([...unpack({ dtype: "f8", shape: [4], data: f8 })]).toEqual([1.5, -2, NaN, Infinity]);
    const f4 = bytes((view) => [0.5, 3].forEach((x, i) => view.setFloat32(4 * i, x, true)), 8);
    expect([...unpack({ dtype: "f4", shape: [2, 1], data: f4 })]).toEqual([0.5, 3]);
    const i4 = bytes(
      (view) => [-7, 2 ** 31 - 1].forEach((x, i) => view.setInt32(4 * i, x, true)),
      8,
    );
    expect([...unpack({ dtype: "i4", shape: [2], data: i4 })]).toEqual([-7, 2 ** 31 - 1]);
  });

  test("takes a view, a buffer or bytes, wherever they begin", () => {
    const view = bytes((whole) => whole.setFloat64(3, 42, true), 16);
    const part = new Uint8Array(view.buffer, 3, 8);
    const parts = [part, new DataView(view.buffer, 3, 8), view.buffer.slice(3, 11)];
    for (const data of parts) expect([...unpack({ dtype: "f8", shape: [1], data })]).toEqual([42]);
  });

  test("an empty array and a single number are arrays", () => {
    expect(unpack({ dtype: "f8", shape: [0], data: new ArrayBuffer(0) })).toHaveLength(0);
    expect(unpack({ dtype: "f8", shape: [], data: new ArrayBuffer(8) })).toHaveLength(1);
  });

  test.each([
    [
      "too short",
      { dtype: "f8", shape: [2], data: new ArrayBuffer(12) },
      /shape \[2\] and type f8 needs 16 bytes, it has 12/,
    ],
    [
      "too long",
      { dtype: "f4", shape: [2, 2], data: new ArrayBuffer(17) },
      /needs 16 bytes, it has 17/,
    ],
    [
      "of an unknown type",
      { dtype: "f2", shape: [2], data: new ArrayBuffer(4) },
      /unknown type "f2"/,
    ],
    [
      "of a type that every object has",
      { dtype: "toString", shape: [0], data: new ArrayBuffer(0) },
      /unknown type/,
    ],
    [
      "of an impossible shape",
      { dtype: "f8", shape: [-1], data: new ArrayBuffer(8) },
      /impossible shape \[-1\]/,
    ],
    ["without bytes", { dtype: "f8", shape: [1], data: [1] }, /not bytes/],
    ["missing its bytes", { dtype: "f8", shape: [1], data: undefined }, /not bytes/],
  ])("refuses an array %s", (_, packed, message) => {
    expect(() => unpack(packed as Parameters<typeof unpack>[0])).toThrow(message);
  });
});
