// Values as people write them.
import { format, formatSpecifier } from "d3-format";
import { formatQuantity } from "./engine/quantity";

export type Formatter = (value: number) => string;

/** "quantity" writes 70B and 5.88e23; anything else is a d3-format specifier. */
export function formatter(specifier: string): Formatter {
  const write = specifier === "quantity" ? formatQuantity : format(specifier);
  return (value) => (Number.isFinite(value) ? write(value) : "–");
}

/** Texts for the labels of one axis: no two alike, if need be with more digits than asked for. */
export function distinctly(specifier: string, values: readonly number[]): string[] {
  let texts = values.map(formatter(specifier));
  if (specifier === "quantity") return texts;
  const finer = formatSpecifier(specifier);
  for (let more = 0; more < 6 && new Set(texts).size < texts.length; more++) {
    finer.precision = (finer.precision ?? 6) + 1;
    texts = values.map(formatter(String(finer)));
  }
  return texts;
}

/** A value and its unit as one text. */
export function withUnit(text: string, unit: string | undefined): string {
  return unit ? `${text} ${unit}` : text;
}
