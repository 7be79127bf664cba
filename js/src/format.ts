// Values as people write them.
import { formatQuantity } from "./engine/quantity";

export type Formatter = (value: number) => string;

/** What a specifier says; see d3-format, whose notation it is. */
interface Style {
  plus: boolean;
  digits: number;
  trim: boolean;
  type: string;
}

const MINUS = "\u2212";

const WRITERS: Record<string, (size: number, digits: number) => string> = {
  f: (size, digits) => size.toFixed(digits),
  "%": (size, digits) => (size * 100).toFixed(digits),
  g: (size, digits) => size.toPrecision(digits || 1),
  r: (size, digits) => significant(size, digits || 1),
};

/** "quantity" writes 70B and 5.88e23; else a d3-format specifier: `+` for a sign before positive
 *  values too, `.2` digits, `~` to leave zeros at the end out, and a type. Throws for another one. */
export function formatter(specifier: string): Formatter {
  return specifier === "quantity" ? known(formatQuantity) : styled(styleOf(specifier));
}

/** Texts for the labels of one axis: no two alike, if need be with more digits than asked for. */
export function distinctly(specifier: string, values: readonly number[]): string[] {
  if (specifier === "quantity") return values.map(formatter(specifier));
  const style = styleOf(specifier);
  let texts = values.map(styled(style));
  for (let more = 1; more <= 6 && new Set(texts).size < texts.length; more++) {
    texts = values.map(styled({ ...style, digits: style.digits + more }));
  }
  return texts;
}

/** A value and its unit as one text. */
export function withUnit(text: string, unit: string | undefined): string {
  return unit ? `${text} ${unit}` : text;
}

function known(write: Formatter): Formatter {
  return (value) => (Number.isFinite(value) ? write(value) : "–");
}

function styleOf(specifier: string): Style {
  const match = /^(\+?)(?:\.(\d\d?))?(~?)([fgr%])$/.exec(specifier);
  if (!match) {
    throw new Error(`unknown format "${specifier}"; write "quantity", or ".2f", "+.3~g", ".1%"`);
  }
  const [, plus, digits = "6", trim, type] = match;
  return { plus: plus !== "", digits: Number(digits), trim: trim !== "", type };
}

function styled({ plus, digits, trim, type }: Style): Formatter {
  return known((value) => {
    const text = WRITERS[type](Math.abs(value), digits);
    const number = trim ? trimmed(text) : text;
    const negative = value < 0 || Object.is(value, -0);
    // what rounds to zero has a sign only where every value has one
    const sign = negative && (plus || Number(number) !== 0) ? MINUS : plus ? "+" : "";
    return sign + number + (type === "%" ? type : "");
  });
}

/** So many significant digits, however large or small the value, without an exponent. */
function significant(size: number, digits: number): string {
  if (size === 0) return "0";
  const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
  const point = Number(exponent) + 1;
  const shown = mantissa.replace(".", "");
  if (point <= 0) return `0.${"0".repeat(-point)}${shown}`;
  const whole = shown.slice(0, point).padEnd(point, "0");
  return shown.length > point ? `${whole}.${shown.slice(point)}` : whole;
}

/** Without zeros at the end of the digits behind the point. */
function trimmed(text: string): string {
  return text.replace(/\.(\d*[1-9])?0*(?=e|$)/, (_, kept) => (kept ? `.${kept}` : ""));
}
