// Quantities as people write them: "70B", "1.4T tokens", "1e24 FLOP". The browser's half of
// scalewidgets/laws/quantity.py: what one writes, the other reads.

/** Powers of ten, so that "1.4T" becomes the text 1.4e12 and is read without rounding twice. */
const SUFFIXES: Record<string, number> = { K: 3, M: 6, B: 9, T: 12 };
const FLOP_PREFIXES: Record<string, number> = { "": 0, g: 9, t: 12, p: 15, e: 18, z: 21 };
const SECONDS_A_DAY = 86_400;

const QUANTITY =
  /^([-+]?(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)?(?:\.\d*)?(?:e[-+]?\d+)?)\s*([a-z][a-z/ -]*)?$/i;
const PFLOP_DAYS = /^p(?:etaflops?|flops?|f)(?:\/s)?[- ]days?$/;

export const QUANTITY_FORMS =
  'quantities are written like 7e9, 1,400,000, "70B", "1.4T tokens", "125M params", "1e24 FLOP" ' +
  'or "3640 PFLOP-days" (K, M, B and T stand for thousand to trillion)';

/** [power of ten, factor] of a unit word without its suffix; undefined for an unknown one. */
function wordScale(word: string): [number, number] | undefined {
  const folded = word.toLowerCase();
  if (folded === "" || /^(params?|parameters?|tokens?)$/.test(folded)) return [0, 1];
  if (PFLOP_DAYS.test(folded)) return [15, SECONDS_A_DAY];
  const prefix = /^([gtpez]?)flops?$/.exec(folded)?.[1];
  return prefix === undefined ? undefined : [FLOP_PREFIXES[prefix], 1];
}

function unitScale(unit: string): [number, number] | undefined {
  const plain = wordScale(unit);
  const power = SUFFIXES[unit.slice(0, 1).toUpperCase()];
  if (plain || power === undefined) return plain;
  const rest = wordScale(unit.slice(1).trim());
  return rest && [rest[0] + power, rest[1]];
}

/** The number that a text stands for, in parameters, tokens or FLOPs. Throws an Error that shows the
 *  forms understood when the text is no quantity. */
export function parseQuantity(text: string): number {
  const match = QUANTITY.exec(text.trim());
  const digits = (match?.[1] ?? "").replace(/[,_]/g, "");
  const scale = unitScale((match?.[2] ?? "").trim());
  if (!match || !scale || !/^[-+]?\.?\d/.test(digits)) {
    throw new Error(`"${text.slice(0, 80)}" is not a quantity; ${QUANTITY_FORMS}`);
  }
  const [mantissa, exponent = "0"] = digits.toLowerCase().split("e");
  const value = Number(`${mantissa}e${Number(exponent) + scale[0]}`) * scale[1];
  if (!Number.isFinite(value)) {
    throw new Error(`"${text.slice(0, 80)}" is too large for a quantity`);
  }
  return value;
}

/** Three significant digits as people write them: 70B, 1.4T, 5.88e23 from 1e15 on. */
export function formatQuantity(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  // rounded first, so that 999.9e6 is written 1B and not 1000M; + 0 makes -0 plain
  const rounded = Number(x.toPrecision(3)) + 0;
  const size = Math.abs(rounded);
  for (const suffix of ["T", "B", "M", "K"]) {
    const factor = 10 ** SUFFIXES[suffix];
    if (factor <= size && size < 1e15) {
      return `${Number((rounded / factor).toPrecision(3))}${suffix}`;
    }
  }
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) {
    const [mantissa, exponent] = rounded.toExponential(2).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`;
  }
  return String(rounded);
}
