// Shares of three parts in the place of axes: a triangle, and a hand that moves all three at once.
import { svg } from "../dom";
import type { Simplex } from "../spec";
import { put } from "./paths";
import type { Scale } from "./scale";

/** Of a triangle with sides of 1. */
export const TALL = Math.sqrt(3) / 2;

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The shares of the left, right and upper corner at a place; outside of the triangle none is
 *  negative, and they still sum to 1. */
export function sharesAt(x: number, y: number): number[] {
  const top = y / TALL;
  const right = x - top / 2;
  const shares = [1 - right - top, right, top].map((share) => Math.max(0, share));
  return shares.map((share) => share / sum(shares));
}

/** All amounts, summing to 1, once the first three have these shares of what the three have
 *  together. The others keep their shares. */
export function mixed(amounts: readonly number[], shares: readonly number[]): number[] {
  const given = sum(amounts) > 0 ? amounts : amounts.map(() => 1);
  const others = given.slice(3).map((amount) => amount / sum(given));
  const room = Math.max(0, 1 - sum(others));
  return [...shares.map((share) => share * room), ...others];
}

/** Edges, lines of equal share and the names of the corners; it draws as axes do. */
export class Triangle {
  readonly node: SVGGElement;
  /** Hides what is outside of the triangle. */
  readonly cover: SVGGElement;
  readonly #names: SVGTextElement[];
  readonly #outside: SVGPathElement;
  readonly #edge: SVGPathElement;
  readonly #lines: SVGPathElement;

  constructor(doc: Document, { corners }: Simplex) {
    this.#names = corners.map((name, i) => {
      const anchor = ["start", "end", "middle"][i];
      const node = svg(doc, "text", { class: "sw-axis-name", "text-anchor": anchor });
      node.textContent = name;
      return node;
    });
    this.#lines = svg(doc, "path", { class: "sw-grid" });
    this.#outside = svg(doc, "path", { class: "sw-outside" });
    this.#edge = svg(doc, "path", { class: "sw-edge" });
    this.node = svg(doc, "g", {}, ...this.#names, this.#lines);
    this.cover = svg(doc, "g", {}, this.#outside, this.#edge);
  }

  draw(x: Scale, y: Scale): void {
    const at = (right: number, top: number) => `${x.at(right + top / 2)},${y.at(top * TALL)}`;
    const edge = `M${at(0, 0)}L${at(1, 0)}L${at(0, 1)}Z`;
    const [width, height] = [x.range[1], y.range[0]];
    this.#outside.setAttribute("d", `M-9,-9H${width + 9}V${height + 9}H-9Z${edge}`);
    this.#edge.setAttribute("d", edge);
    const lines = [0.25, 0.5, 0.75].map((share) => {
      const rest = 1 - share;
      const [right, top] = [`M${at(share, 0)}L${at(share, rest)}`, `M${at(0, share)}L${at(rest, share)}`];
      return `${right}${top}M${at(rest, 0)}L${at(0, rest)}`;
    });
    this.#lines.setAttribute("d", lines.join(""));
    const places = [
      { x: 0, y: height + 18 },
      { x: width, y: height + 18 },
      { x: width / 2, y: -9 },
    ];
    this.#names.forEach((node, i) => put(node, places[i]));
  }
}
