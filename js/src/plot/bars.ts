// Bars from a low to a high value, one a row: what each input of a plan moves, as a tornado shows it.
import { svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import { type Changed, type Roots, touches } from "../roots";
import type { Bars } from "../spec";
import { isVisible, Layer, NOTHING, withVisible } from "./layer";
import { tenth } from "./paths";
import type { Scale } from "./scale";

const HALF_HEIGHT = 4.5; // px

/** `xs` holds the low ends, the high ends and where the halves meet, for the axes to show. */
export class BarsLayer extends Layer<Bars> {
  readonly #low: SVGPathElement;
  readonly #high: SVGPathElement;
  readonly #roots: ReadonlySet<string>;
  #ends: Float64Array[] = [];

  constructor(doc: Document, mark: Bars, roots: Roots) {
    const low = svg(doc, "path", { class: "sw-bar-low" });
    const high = svg(doc, "path", { class: "sw-bar-high" });
    super(mark, svg(doc, "g", {}, low, high));
    this.#low = low;
    this.#high = high;
    this.#roots = roots.ofRows(withVisible(this.#cells(), mark.visible), mark.rows);
  }

  #cells(): string[] {
    const { y, low, high, middle } = this.mark;
    return [y, low, high, ...(middle === undefined ? [] : [middle])];
  }

  read(sheet: Sheet, changed: Changed): void {
    if (!touches(this.#roots, changed)) return;
    const { mark } = this;
    const shown = isVisible(sheet, mark.visible);
    [this.ys = NOTHING, ...this.#ends] = shown ? sheet.rows(this.#cells(), mark.rows) : [];
    this.xs = Float64Array.from(this.#ends.flatMap((column) => [...column]));
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    const [lows, highs, middles] = this.#ends.map((column) => column.map((value) => x.at(value)));
    const halves = (ends: Float64Array) =>
      [...this.ys]
        .map((value, row) => {
          const from = middles?.[row] ?? (lows[row] + highs[row]) / 2;
          return halfBar(from, ends[row], y.at(value));
        })
        .join("");
    this.#low.setAttribute("d", halves(lows));
    this.#high.setAttribute("d", halves(highs));
  }
}

/** From a straight edge to a rounded end, in pixels; nothing where one of them is not there. */
export function halfBar(from: number, to: number, y: number): string {
  if (Number.isNaN(from + to + y)) return "";
  const side = to < from ? -1 : 1;
  const round = tenth(side * Math.min(HALF_HEIGHT, Math.abs(to - from)));
  const sweep = side > 0 ? 1 : 0;
  const [left, top] = [tenth(from), tenth(y - HALF_HEIGHT)];
  const arc = `a${Math.abs(round)},${HALF_HEIGHT} 0 0 ${sweep} 0,${2 * HALF_HEIGHT}`;
  return `M${left},${top}H${tenth(to - round)}${arc}H${left}Z`;
}
