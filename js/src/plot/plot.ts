// One plot: its element, what it reads from the sheet, and when it draws what.
import { html, svg } from "../dom";
import type { Interval as Bounds } from "../engine/draws";
import type { Sheet } from "../engine/sheet";
import type { InputValue } from "../inputs";
import type { Changed, Roots } from "../roots";
import type { Settle, Task } from "../settle";
import type { Mark, Plot } from "../spec";
import { Axes, NAME_HEIGHT, roomFor } from "./axes";
import { BarsLayer } from "./bars";
import { ContoursLayer } from "./contours";
import { extent, follow, widen } from "./domain";
import { isVisible, type Layer } from "./layer";
import { BandLayer, CurveLayer, RuleLayer, SpanLayer, TraceLayer } from "./layers";
import { Legend } from "./legend";
import { MarkersLayer } from "./markers";
import { put } from "./paths";
import { PointsLayer } from "./points";
import { type Interval, type Kind, Scale } from "./scale";
import { mixed, sharesAt, TALL, Triangle } from "./simplex";
import { SketchLayer } from "./sketch";
import { Hands } from "./touch";

/** What a plot may ask of its lab. */
export interface PlotEnv {
  doc: Document;
  signal: AbortSignal;
  roots: Roots;
  settle: Settle;
  /** An input moved by a hand in this plot. */
  set(cell: string, value: InputValue): void;
  /** The same, as it is and not as the input's slider would round it. */
  put(cell: string, value: number): void;
  /** The domain of a cell's slider: the x axis of a plot that shows only curves. */
  domainOf(cell: string): Interval | undefined;
}

const MARGIN = { left: 52, right: 14, top: 24, bottom: 40 };
const FRAME_BUDGET = 6; // ms; bands that take longer in three frames running leave the frame

type Made<K extends Mark["kind"], L> = new (
  doc: Document,
  mark: Extract<Mark, { kind: K }>,
  roots: Roots,
) => L;

const of = <K extends Mark["kind"]>(marks: readonly Mark[], kind: K) =>
  marks.filter((mark): mark is Extract<Mark, { kind: K }> => mark.kind === kind);

export class PlotView {
  readonly node: HTMLElement;
  readonly canvas: HTMLElement;
  readonly surface: SVGSVGElement;
  readonly points: PointsLayer[];
  readonly sketches: SketchLayer[];
  readonly markers: MarkersLayer;
  x: Scale | null = null;
  y: Scale | null = null;
  left = MARGIN.left;
  /** Along the y axis, where it has names. */
  names: readonly string[] = [];
  readonly #curves: CurveLayer[];
  readonly #bands: BandLayer[];
  readonly #rules: RuleLayer[];
  readonly #traces: TraceLayer[];
  readonly #spans: SpanLayer[];
  readonly #contours: ContoursLayer[];
  readonly #bars: BarsLayer[];
  readonly #layers: (Layer<Mark> | MarkersLayer)[];
  readonly #axes: Axes | Triangle;
  readonly #legend: Legend;
  readonly #tasks: { bands: BandLayer[]; task: Task }[];
  readonly #area: SVGSVGElement;
  readonly #origin: SVGGElement;
  readonly #hands: Hands;
  #sheet: Sheet | null = null;
  #width = 0;
  #height = 0;
  #missed = true;
  #eager: boolean;
  #overruns = 0;

  /** `first` plots draw their bands in the frame itself. */
  constructor(
    readonly spec: Plot,
    readonly env: PlotEnv,
    first: boolean,
  ) {
    const { doc, roots } = env;
    this.#eager = first;
    const all = <K extends Mark["kind"], L>(kind: K, LayerOf: Made<K, L>) =>
      of(spec.marks, kind).map((mark) => new LayerOf(doc, mark, roots));
    this.#curves = all("curve", CurveLayer);
    this.#bands = all("band", BandLayer);
    this.#rules = all("rule", RuleLayer);
    this.#traces = all("trace", TraceLayer);
    this.#spans = all("span", SpanLayer);
    this.#contours = all("contours", ContoursLayer);
    this.#bars = all("bars", BarsLayer);
    this.points = all("points", PointsLayer);
    this.sketches = all("sketch", SketchLayer);
    this.markers = new MarkersLayer(doc, of(spec.marks, "marker"));
    const triangle = spec.simplex && new Triangle(doc, spec.simplex);
    this.#axes = triangle ?? new Axes(doc, spec.x, spec.y);
    this.#legend = new Legend(doc, spec.marks);
    const areas = [...this.#spans, ...this.#bands, ...this.#contours, ...this.#bars];
    const inside = [...areas, ...this.#rules, ...this.points, ...this.#curves, ...this.#traces, ...this.sketches];
    this.#layers = [...inside, this.markers];
    // A nested svg cuts off what leaves the plotting area without needing a document-wide id.
    const drawn = inside.map(({ node }): SVGElement => node);
    if (triangle) drawn.splice(areas.length, 0, triangle.cover);
    this.#area = svg(doc, "svg", { class: "sw-area" }, ...drawn);
    this.#origin = svg(doc, "g", {}, this.#axes.node, this.#area, this.markers.node);
    this.surface = svg(doc, "svg", { class: "sw-surface" }, this.#origin);
    this.canvas = html(doc, "div", { class: "sw-canvas" }, this.surface);
    this.node = html(
      doc,
      "figure",
      { class: `sw-plot${spec.wide ? " sw-wide" : ""}${triangle ? " sw-simplex" : ""}`, "data-plot": spec.id },
      html(doc, "figcaption", {}, spec.title),
      this.#legend.node,
      this.canvas,
    );
    this.#tasks = this.#bandTasks();
    this.#hands = new Hands(this, this.#origin);
  }

  /** Take the room that the page gives; the next frame draws into it. */
  measure(): void {
    const width = Math.floor(this.canvas.clientWidth);
    if (width === this.#width || width === 0) return;
    this.#width = width;
    this.#lay();
  }

  #lay(): void {
    const { wide, y } = this.spec;
    const [share, least, most] = wide ? [0.46, 270, 380] : [0.62, 210, 280];
    this.#height = y.names
      ? this.names.length * NAME_HEIGHT + MARGIN.top + MARGIN.bottom
      : Math.round(Math.min(most, Math.max(least, this.#width * share)));
    this.left = y.names ? roomFor(this.names) + 12 : MARGIN.left;
    if (this.spec.simplex) this.#layTriangle();
    put(this.surface, { width: this.#width, height: this.#height });
    this.#origin.setAttribute("transform", `translate(${this.left},${MARGIN.top})`);
    put(this.#area, { width: this.#range("x")[1], height: this.#range("y")[0] });
  }

  /** In the middle, with equal sides. */
  #layTriangle(): void {
    const side = Math.min(this.#width - 2 * MARGIN.right, 400);
    this.left = (this.#width - side) / 2;
    this.#height = Math.round(side * TALL) + MARGIN.top + MARGIN.bottom;
  }

  get width(): number {
    return this.#width;
  }

  /** Cells and amounts of a mixture; none where there is no triangle. */
  get amounts(): (readonly [cell: string, amount: number])[] {
    return (this.spec.simplex?.cells ?? []).map((cell) => [cell, this.#sheet?.get(cell) ?? NaN]);
  }

  /** The mixture at a place of the triangle, in pixels. */
  mix(px: number, py: number): void {
    const { amounts, x, y } = this;
    if (!x || !y) return;
    const next = mixed(
      amounts.map(([, amount]) => amount),
      sharesAt(x.invert(px), y.invert(py)),
    );
    amounts.forEach(([cell], i) => this.env.put(cell, next[i]));
  }

  get top(): number {
    return MARGIN.top;
  }

  /** `moving` is true while a hand is down: then no axis may jump. */
  draw(sheet: Sheet, news: Changed, moving: boolean): void {
    this.#sheet = sheet;
    const hidden = !isVisible(sheet, this.spec.visible);
    if (this.node.hidden !== hidden) {
      this.node.hidden = hidden;
      if (!hidden) this.measure();
    }
    if (hidden || this.#width === 0) {
      this.#missed = true;
      return;
    }
    const changed = this.#missed ? "all" : news;
    this.#missed = false;
    if (changed === "all" && this.spec.y.names) {
      this.names = sheet.strings(this.spec.y.names);
      this.#lay();
    }
    const grids = [...this.#contours, ...this.#bars, ...this.#spans, ...this.sketches];
    for (const layer of [...this.points, ...this.#rules, ...this.#traces, ...grids]) layer.read(sheet, changed);
    this.markers.read(sheet);
    const x = this.#scale("x", moving);
    for (const layer of this.#curves) layer.read(sheet, changed, x);
    const y = this.#scale("y", moving);
    for (const layer of this.#contours) layer.sample(sheet, x, y);
    this.#readBands(sheet, changed, x);
    this.#paint(x, y);
    this.#legend.show(sheet);
  }

  #paint(x: Scale, y: Scale): void {
    const moved = !x.same(this.x) || !y.same(this.y);
    this.x = x;
    this.y = y;
    if (moved) this.#axes.draw(x, y, this.left, this.names);
    const stale = this.#layers.filter(({ fresh }) => moved || fresh);
    for (const layer of stale) {
      layer.draw(x, y);
      layer.fresh = false;
    }
    if (stale.length > 0) this.#hands.refresh();
  }

  #range(axis: "x" | "y"): Interval {
    if (axis === "x") return [0, this.#width - this.left - (this.spec.simplex ? this.left : MARGIN.right)];
    return [this.#height - MARGIN.top - MARGIN.bottom, 0];
  }

  #kind(axis: "x" | "y"): Kind {
    const { scale, log } = this.spec[axis];
    return log === undefined ? scale : this.#sheet?.get(log) === 1 ? "log" : "linear";
  }

  /** The very scale of before while nothing moved it. */
  #scale(axis: "x" | "y", moving: boolean): Scale {
    const kind = this.#kind(axis);
    const before = this[axis];
    const kept = before?.kind === kind ? before.domain : null;
    const next = this.#fixed(axis) ?? follow(kept, this.#wanted(axis, kind), moving);
    const made = new Scale(kind, next, this.#range(axis));
    return made.same(before) ? (before as Scale) : made;
  }

  #fixed(axis: "x" | "y"): Interval | undefined {
    const { names, domain } = this.spec[axis];
    if (names) return [Math.max(1, this.names.length) - 0.5, -0.5];
    const end = (at: number | string) => (typeof at === "string" ? this.#sheet!.get(at) : at);
    return domain && [end(domain[0]), end(domain[1])];
  }

  #wanted(axis: "x" | "y", kind: Kind): Interval {
    const along = axis === "x" ? "xs" : "ys";
    const runs = [...this.points, ...this.#bars].filter(({ xs }) => xs.length > 0);
    // A grid of the kernel's spans just what is worth seeing.
    const grid = extent(kind, ...this.#contours.map((layer) => layer[along]));
    const given = grid ?? (runs.length === 0 ? this.#slid(axis) : null);
    if (given) return given;
    // Where there are runs, a curve is their companion: it may leave the picture at the sides, or
    // the far ends of a law would press the runs together.
    const lines = [...this.#curves, ...this.#traces].filter(({ visible }) => visible);
    const context = axis === "x" ? this.#traces : runs.length > 0 ? [] : lines;
    const held = extent(
      kind,
      ...[...runs, ...context].map((layer) => layer[along]),
      this.markers.values(axis),
      (this.spec[axis].holds ?? []).map((cell) => this.#sheet?.get(cell) ?? NaN),
      this.#rules.filter(({ mark }) => mark.axis === axis).map(({ value }) => value),
    );
    return held ? widen(kind, held, axis === "x" ? 0.05 : 0.07) : [1, 10];
  }

  /** The domain of the slider whose cell runs along an axis. */
  #slid(axis: "x" | "y"): Interval | undefined {
    const lines = axis === "x" ? [...this.#curves, ...this.#contours] : this.#contours;
    const cells = lines.map(({ mark }) => mark[axis]);
    if (axis === "x") cells.push(...this.markers.dragged);
    return cells.map((cell) => this.env.domainOf(cell)).find(Boolean);
  }

  #readBands(sheet: Sheet, changed: Changed, x: Scale): void {
    const began = performance.now();
    for (const { bands, task } of this.#tasks) {
      const stale = bands.filter((band) => band.stale(sheet, changed, x));
      if (stale.length === 0) continue;
      if (!this.#eager) this.env.settle.invalidate(task);
      else for (const band of stale) this.#computeBand(sheet, band, x);
    }
    if (!this.#eager) return;
    this.#overruns = performance.now() - began > FRAME_BUDGET ? this.#overruns + 1 : 0;
    if (this.#overruns >= 3) this.#eager = false;
  }

  #computeBand(sheet: Sheet, band: BandLayer, x: Scale): void {
    const grid = x.grid(band.points);
    band.take(grid, sheet.band(band.mark.y, band.mark.x, grid, band.mark.level));
  }

  /** One task for all bands that share their axis, because they also share its solves. */
  #bandTasks(): { bands: BandLayer[]; task: Task }[] {
    const groups = new Map<string, BandLayer[]>();
    for (const band of this.#bands) {
      const key = JSON.stringify([band.mark.x, band.mark.level, band.points]);
      groups.set(key, [...(groups.get(key) ?? []), band]);
    }
    return [...groups.values()].map((bands) => ({ bands, task: this.#bandTask(bands) }));
  }

  #bandTask(bands: BandLayer[]): Task {
    let shown: BandLayer[] = [];
    let grid: Float64Array = new Float64Array();
    return this.env.settle.add<Bounds[]>({
      start: () => {
        shown = bands.filter(({ visible }) => visible);
        if (!this.#sheet || !this.x || shown.length === 0) return null;
        const [{ mark, points }] = shown;
        grid = this.x.grid(points);
        const cells = shown.map((band) => band.mark.y);
        return this.#sheet.bandsJob(cells, mark.x, grid, mark.level);
      },
      done: (intervals) => {
        shown.forEach((band, i) => {
          band.take(grid, intervals[i]);
          if (!this.x || !this.y) return;
          band.draw(this.x, this.y);
          band.fresh = false;
        });
      },
    });
  }
}
