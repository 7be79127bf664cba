// What the operations of expression trees do to numbers and to columns, by their positions in ARITY.

import { digamma, lgamma, trigamma } from "./special";

export const ARITY: Record<string, number> = {
  "+": 2,
  "-": 2,
  "*": 2,
  "/": 2,
  "**": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
  neg: 1,
  exp: 1,
  log: 1,
  log2: 1,
  log10: 1,
  sqrt: 1,
  min: 2,
  max: 2,
  where: 3,
  lgamma: 1,
  digamma: 1,
  trigamma: 1,
};
export const OPERATIONS = Object.keys(ARITY);

/** One operation as NumPy does it: NaN runs through min and max, and as a condition it is true. */
export function apply(operation: number, x: number, y: number, z: number): number {
  switch (operation) {
    case 0:
      return x + y;
    case 1:
      return x - y;
    case 2:
      return x * y;
    case 3:
      return x / y;
    case 4: {
      const result = Math.exp(y * z);
      return result === result ? result : rarePower(x, y);
    }
    case 5:
      return x < y ? 1 : 0;
    case 6:
      return x <= y ? 1 : 0;
    case 7:
      return x > y ? 1 : 0;
    case 8:
      return x >= y ? 1 : 0;
    case 9:
      return -x;
    case 10:
      return Math.exp(x);
    case 11:
      return Math.log(x);
    case 12:
      return Math.log2(x);
    case 13:
      return Math.log10(x);
    case 14:
      return Math.sqrt(x);
    case 15:
      return Math.min(x, y);
    case 16:
      return Math.max(x, y);
    case 17:
      return x !== 0 ? y : z;
    case 18:
      return lgamma(x);
    case 19:
      return digamma(x);
    default:
      return trigamma(x);
  }
}

/** What exp(y log x) cannot say: powers of negative bases, and NumPy's 1**y and x**0, which are 1. */
function rarePower(x: number, y: number): number {
  return x === 1 || y === 0 ? 1 : x ** y;
}

/** result[i] = operation of the operands at i, each with its stride (0 for a single value). */
export type Column = (
  v: Float64Array,
  first: number,
  end: number,
  d: number,
  a: number,
  sa: number,
  b: number,
  sb: number,
  c: number,
  sc: number,
  operation: number,
) => void;

export const anyColumn: Column = (v, first, end, d, a, sa, b, sb, c, sc, operation) => {
  for (let i = first; i < end; i++) {
    v[d + i] = apply(operation, v[a + i * sa], v[b + i * sb], v[c + i * sc]);
  }
};

// A loop of its own for each operation of which laws are made: half the time of anyColumn.
export const COLUMNS: readonly Column[] = [
  (v, first, end, d, a, sa, b, sb) => {
    for (let i = first; i < end; i++) v[d + i] = v[a + i * sa] + v[b + i * sb];
  },
  (v, first, end, d, a, sa, b, sb) => {
    for (let i = first; i < end; i++) v[d + i] = v[a + i * sa] - v[b + i * sb];
  },
  (v, first, end, d, a, sa, b, sb) => {
    for (let i = first; i < end; i++) v[d + i] = v[a + i * sa] * v[b + i * sb];
  },
  (v, first, end, d, a, sa, b, sb) => {
    for (let i = first; i < end; i++) v[d + i] = v[a + i * sa] / v[b + i * sb];
  },
  (v, first, end, d, a, sa, b, sb, c, sc) => {
    for (let i = first; i < end; i++) {
      const result = Math.exp(v[b + i * sb] * v[c + i * sc]);
      v[d + i] = result === result ? result : rarePower(v[a + i * sa], v[b + i * sb]);
    }
  },
];
