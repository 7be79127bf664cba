// Curves, bands and rules: each reads the sheet when something it hangs on has changed, and draws.
import { svg } from "../dom";
import type { Interval } from "../engine/draws";
import type { Sheet } from "../engine/sheet";
import { type Changed, type Roots, touches } from "../roots";
import type { Band, Curve, Rule, Span, Trace } from "../spec";
import { isVisible, Layer, NOTHING, withVisible } from "./layer";
import { bandPath, linePath, put } from "./paths";
import type { Scale } from "./scale";

const CURVE_POINTS = 80;

/** A line over the whole x axis, dashed where it is not known to hold. */
export class CurveLayer extends Layer<Curve> {
  readonly #line: SVGPathElement;
  readonly #beyond: SVGPathElement;
  readonly #roots: ReadonlySet<string>;
  #x: Scale | null = null;

  constructor(doc: Document, mark: Curve, roots: Roots) {
    const line = svg(doc, "path", { class: "sw-curve", "stroke-dasharray": mark.dash });
    const beyond = svg(doc, "path", { class: "sw-curve sw-beyond" });
    super(mark, svg(doc, "g", {}, line, beyond));
    this.#line = line;
    this.#beyond = beyond;
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
export class TraceLayer extends Layer<Trace> {
  constructor(doc: Document, mark: Trace) {
    super(mark, svg(doc, "path", { class: "sw-curve" }));
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
    this.node.setAttribute("d", this.visible ? linePath(this.xs, this.ys, x, y) : "");
  }
}

/** A shaded part of the x axis, with its name at its foot. */
export class SpanLayer extends Layer<Span> {
  #ends: number[] = [];
  readonly #rect: SVGRectElement;
  readonly #text: SVGTextElement;

  constructor(doc: Document, mark: Span) {
    const rect = svg(doc, "rect", { y: 0 });
    const text = svg(doc, "text");
    super(mark, svg(doc, "g", { class: "sw-span" }, rect, text));
    text.textContent = mark.label;
    this.#rect = rect;
    this.#text = text;
  }

  read(sheet: Sheet): void {
    const { start, end } = this.mark;
    const ends = [start, end].map((at) => (typeof at === "string" ? sheet.get(at) : at));
    if (ends.every((at, k) => Object.is(at, this.#ends[k]))) return;
    this.#ends = ends;
    this.visible = !ends.some(Number.isNaN);
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    this.node.style.display = this.visible ? "" : "none";
    const [left, right] = x.range;
    // a number that the axis cannot show is at its left: zero and less on a logarithmic one
    const within = (at: number) => Math.min(right, Math.max(left, Number.isNaN(at) ? left : at));
    const [from, to] = this.#ends.map((at) => within(x.at(at)));
    put(this.#rect, { x: from, width: Math.max(0, to - from), height: y.range[0] });
    put(this.#text, { x: from + 4, y: y.range[0] - 6 });
    this.#text.style.display = to - from < 40 ? "none" : "";
  }
}

/** The interval of a curve over the draws of the constants. */
export class BandLayer extends Layer<Band> {
  readonly #roots: ReadonlySet<string>;
  #x: Scale | null = null;
  #hi: Float64Array = NOTHING;

  constructor(doc: Document, mark: Band, roots: Roots) {
    super(mark, svg(doc, "path", { class: "sw-band" }));
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

  take(xs: Float64Array, { lo, hi }: Interval): void {
    this.xs = xs;
    this.ys = lo;
    this.#hi = hi;
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    const path = this.visible ? bandPath(this.xs, this.ys, this.#hi, x, y) : "";
    this.node.setAttribute("d", path);
  }
}

/** A straight line at a cell's value. */
export class RuleLayer extends Layer<Rule> {
  value = NaN;
  readonly #line: SVGLineElement;
  readonly #text: SVGTextElement;

  constructor(doc: Document, mark: Rule) {
    const line = svg(doc, "line");
    const text = svg(doc, "text");
    super(mark, svg(doc, "g", { class: "sw-rule" }, line, text));
    text.textContent = mark.label;
    this.#line = line;
    this.#text = text;
  }

  read(sheet: Sheet): void {
    const value = sheet.get(this.mark.cell);
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    const upright = this.mark.axis === "x";
    const at = (upright ? x : y).at(this.value);
    this.node.style.display = Number.isNaN(at) ? "none" : "";
    if (Number.isNaN(at)) return;
    const [x0, x1] = upright ? [at, at] : x.range;
    const [y0, y1] = upright ? y.range : [at, at];
    put(this.#line, { x1: x0, x2: x1, y1: y0, y2: y1 });
    put(this.#text, upright ? { x: at + 4, y: y1 + 11 } : { x: x0 + 4, y: at - 4 });
  }
}
