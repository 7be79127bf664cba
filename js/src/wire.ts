// Arrays as they travel from the kernel: little-endian bytes with a type and a shape. Mirrors
// scalewidgets/widgets/wire.py.

import type { Packed } from "./spec";

const READERS: Record<string, { bytes: number; read: (v: DataView, at: number) => number }> = {
  f4: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  f8: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  i4: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
};

function viewOf(data: unknown): DataView {
  if (data instanceof ArrayBuffer) return new DataView(data);
  if (ArrayBuffer.isView(data)) return new DataView(data.buffer, data.byteOffset, data.byteLength);
  throw new Error("the data of a packed array are not bytes");
}

/** The numbers of a packed array, rows one after the other. Jupyter hands the bytes over as a
 *  DataView, other hosts as a buffer or bytes. Throws when type, shape and bytes do not agree. */
export function unpack(packed: Omit<Packed, "data"> & { data: unknown }): Float64Array {
  const reader = Object.hasOwn(READERS, packed.dtype) ? READERS[packed.dtype] : undefined;
  if (!reader) throw new Error(`a packed array has the unknown type "${packed.dtype}"`);
  const count = packed.shape.reduce((product, side) => product * side, 1);
  if (!Number.isInteger(count) || count < 0) {
    throw new Error(`a packed array has the impossible shape [${packed.shape.join(", ")}]`);
  }
  const view = viewOf(packed.data);
  if (view.byteLength !== count * reader.bytes) {
    throw new Error(
      `a packed array of shape [${packed.shape.join(", ")}] and type ${packed.dtype} needs ` +
        `${count * reader.bytes} bytes, it has ${view.byteLength}`,
    );
  }
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = reader.read(view, i * reader.bytes);
  return numbers;
}
