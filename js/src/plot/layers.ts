// Curves, bands and rules: each reads the sheet when something it hangs on has changed, and draws.
import { roleColor, svg } from "../dom";
import type { Interval, Sheet } from "../engine/sheet";
import { type Changed, type Roots, touches } from "../roots";
import type { Band, Curve, Rule } from "../spec";
import { bandPath, linePath } from "./paths";
import type { Scale } from "./scale";

const CURVE_POINTS = 80;

/** True unless the mark's `visible` cell is there and zero or unknown. */
export function isVisible(sheet: Sheet, visible: string | undefined): boolean {
  if (visible === undefined) return true;
  const value = sheet.get(visible);
  return value !== 0 && !Number.isNaN(value);
}

const withVisible = (cells: string[], visible: string | undefined) =>
  visible === undefined ? cells : [...cells, visible];

/** A line over the whole x axis. */
export class CurveLayer {
  readonly node: SVGPathElement;
  fresh = true;
  visible = true;
  xs: Float64Array = new Float64Array();
  ys: Float64Array = new Float64Array();
  readonly #roots: ReadonlySet<string>;
  #domain: readonly number[] = [];

  constructor(
    doc: Document,
    readonly mark: Curve,
    roots: Roots,
  ) {
    this.node = svg(doc, "path", { class: "sw-curve", "stroke-dasharray": mark.dash });
    this.node.style.stroke = roleColor(mark.color);
    this.#roots = roots.of(withVisible([mark.y], mark.visible), [mark.x]);
  }

  read(sheet: Sheet, changed: Changed, x: Scale): void {
    if (!touches(this.#roots, changed) && this.#domain === x.domain) return;
    this.#domain = x.domain;
    this.fresh = true;
    this.visible = isVisible(sheet, this.mark.visible);
    if (!this.visible) return;
    this.xs = x.grid(CURVE_POINTS);
    this.ys = sheet.tabulate(this.mark.y, this.mark.x, this.xs);
  }

  draw(x: Scale, y: Scale): void {
    this.fresh = false;
    this.node.setAttribute("d", this.visible ? linePath(this.xs, this.ys, x, y) : "");
  }
}

/** The interval of a curve over the draws of the constants. */
export class BandLayer {
  readonly node: SVGPathElement;
  fresh = false;
  visible = true;
  readonly #roots: ReadonlySet<string>;
  #domain: readonly number[] = [];
  #xs: Float64Array = new Float64Array();
  #band: Interval = { lo: new Float64Array(), hi: new Float64Array() };

  constructor(
    doc: Document,
    readonly mark: Band,
    roots: Roots,
  ) {
    this.node = svg(doc, "path", { class: "sw-band" });
    this.node.style.fill = roleColor(mark.color);
    this.#roots = roots.of(withVisible([mark.y], mark.visible), [mark.x]);
  }

  get points(): number {
    return this.mark.points ?? 64;
  }

  /** True when the interval must be computed anew. */
  stale(sheet: Sheet, changed: Changed, x: Scale): boolean {
    if (!touches(this.#roots, changed) && this.#domain === x.domain) return false;
    this.#domain = x.domain;
    this.visible = isVisible(sheet, this.mark.visible);
    this.fresh = true;
    return this.visible;
  }

  take(xs: Float64Array, band: Interval): void {
    this.#xs = xs;
    this.#band = band;
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    this.fresh = false;
    const { lo, hi } = this.#band;
    this.node.setAttribute("d", this.visible ? bandPath(this.#xs, lo, hi, x, y) : "");
  }
}

/** A straight line at a cell's value. */
export class RuleLayer {
  readonly node: SVGGElement;
  fresh = true;
  value = NaN;
  readonly #line: SVGLineElement;
  readonly #text: SVGTextElement;

  constructor(
    doc: Document,
    readonly mark: Rule,
  ) {
    this.#line = svg(doc, "line");
    this.#text = svg(doc, "text");
    this.#text.textContent = mark.label;
    this.node = svg(doc, "g", { class: "sw-rule" }, this.#line, this.#text);
    this.node.style.color = roleColor(mark.color);
  }

  read(sheet: Sheet): void {
    const value = sheet.get(this.mark.cell);
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    this.fresh = false;
    const upright = this.mark.axis === "x";
    const at = (upright ? x : y).at(this.value);
    this.node.style.display = Number.isNaN(at) ? "none" : "";
    if (Number.isNaN(at)) return;
    const [x0, x1] = upright ? [at, at] : x.range;
    const [y0, y1] = upright ? y.range : [at, at];
    const ends = { x1: x0, x2: x1, y1: y0, y2: y1 };
    for (const [name, value] of Object.entries(ends))
      this.#line.setAttribute(name, value.toFixed(1));
    this.#text.setAttribute("x", (upright ? at + 4 : x.range[0] + 4).toFixed(1));
    this.#text.setAttribute("y", (upright ? y.range[1] + 11 : at - 4).toFixed(1));
  }
}
