// Curves, bands and rules: each reads the sheet when something it hangs on has changed, and draws.
import { roleColor, svg } from "../dom";
import type { Interval, Sheet } from "../engine/sheet";
import { type Changed, type Roots, touches } from "../roots";
import type { Band, Curve, Rule, Span, Trace } from "../spec";
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

/** A line over the whole x axis, dashed where it is not known to hold. */
export class CurveLayer {
  readonly node: SVGGElement;
  fresh = true;
  visible = true;
  xs: Float64Array = new Float64Array();
  ys: Float64Array = new Float64Array();
  readonly #line: SVGPathElement;
  readonly #beyond: SVGPathElement;
  readonly #roots: ReadonlySet<string>;
  #x: Scale | null = null;

  constructor(
    doc: Document,
    readonly mark: Curve,
    roots: Roots,
  ) {
    this.#line = svg(doc, "path", { class: "sw-curve", "stroke-dasharray": mark.dash });
    this.#beyond = svg(doc, "path", { class: "sw-curve sw-beyond" });
    this.node = svg(doc, "g", {}, this.#line, this.#beyond);
    this.node.style.color = roleColor(mark.color);
    this.#roots = roots.of(withVisible([mark.y], mark.visible), [mark.x]);
  }

  read(sheet: Sheet, changed: Changed, x: Scale): void {
    if (!touches(this.#roots, changed) && x.same(this.#x)) return;
    this.#x = x;
    this.fresh = true;
    this.visible = isVisible(sheet, this.mark.visible);
    if (!this.visible) return;
    this.xs = this.#grid(x);
    this.ys = sheet.tabulate(this.mark.y, this.mark.x, this.xs);
  }

  /** With the ends of the valid range among its values, so that line and dashes meet there. */
  #grid(x: Scale): Float64Array {
    const [lo, hi] = x.domain;
    const ends = (this.mark.valid ?? []).filter((end) => end > lo && end < hi);
    const grid = x.grid(CURVE_POINTS);
    return ends.length === 0 ? grid : Float64Array.from([...grid, ...ends]).sort();
  }

  draw(x: Scale, y: Scale): void {
    this.fresh = false;
    const { xs, ys, visible } = this;
    const [lo, hi] = this.mark.valid ?? [-Infinity, Infinity];
    const between = (from: number, to: number) =>
      visible ? linePath(xs, ys.map((v, i) => (xs[i] >= from && xs[i] <= to ? v : NaN)), x, y) : "";
    this.#line.setAttribute("d", between(lo, hi));
    const beyond = this.mark.valid ? between(-Infinity, lo) + between(hi, Infinity) : "";
    this.#beyond.setAttribute("d", beyond);
  }
}

/** A line that the kernel has computed. */
export class TraceLayer {
  readonly node: SVGPathElement;
  fresh = true;
  visible = true;
  xs: Float64Array = new Float64Array();
  ys: Float64Array = new Float64Array();

  constructor(
    doc: Document,
    readonly mark: Trace,
  ) {
    this.node = svg(doc, "path", { class: "sw-curve" });
    this.node.style.color = roleColor(mark.color);
  }

  read(sheet: Sheet, changed: Changed): void {
    const shown = isVisible(sheet, this.mark.visible);
    if (changed !== "all" && shown === this.visible) return;
    this.visible = shown;
    this.xs = sheet.array(this.mark.x);
    this.ys = sheet.array(this.mark.y);
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    this.fresh = false;
    this.node.setAttribute("d", this.visible ? linePath(this.xs, this.ys, x, y) : "");
  }
}

/** A shaded part of the x axis, with its name at its foot. */
export class SpanLayer {
  readonly node: SVGGElement;
  fresh = true;
  readonly #rect: SVGRectElement;
  readonly #text: SVGTextElement;

  constructor(
    doc: Document,
    readonly mark: Span,
  ) {
    this.#rect = svg(doc, "rect", { y: 0 });
    this.#text = svg(doc, "text");
    this.#text.textContent = mark.label;
    this.node = svg(doc, "g", { class: "sw-span" }, this.#rect, this.#text);
    this.node.style.color = roleColor(mark.color);
  }

  draw(x: Scale, y: Scale): void {
    this.fresh = false;
    const [left, right] = x.range;
    const within = (at: number) => Math.min(right, Math.max(left, Number.isNaN(at) ? left : at));
    const [from, to] = [within(x.at(this.mark.start)), within(x.at(this.mark.end))];
    this.#rect.setAttribute("x", from.toFixed(1));
    this.#rect.setAttribute("width", Math.max(0, to - from).toFixed(1));
    this.#rect.setAttribute("height", y.range[0].toFixed(1));
    this.#text.setAttribute("x", (from + 4).toFixed(1));
    this.#text.setAttribute("y", (y.range[0] - 6).toFixed(1));
    this.#text.style.display = to - from < 40 ? "none" : "";
  }
}

/** The interval of a curve over the draws of the constants. */
export class BandLayer {
  readonly node: SVGPathElement;
  fresh = false;
  visible = true;
  readonly #roots: ReadonlySet<string>;
  #x: Scale | null = null;
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
    if (!touches(this.#roots, changed) && x.same(this.#x)) return false;
    this.#x = x;
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
