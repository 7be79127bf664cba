// One plot: its element, what it reads from the sheet, and when it draws what.
import { html, svg } from "../dom";
import type { Interval as Bounds, Sheet } from "../engine/sheet";
import type { Changed, Roots } from "../roots";
import type { Settle, Task } from "../settle";
import type { Mark, Plot } from "../spec";
import { Axes } from "./axes";
import { extent, follow, widen } from "./domain";
import { BandLayer, CurveLayer, isVisible, RuleLayer, SpanLayer, TraceLayer } from "./layers";
import { Legend } from "./legend";
import { MarkersLayer } from "./markers";
import { PointsLayer } from "./points";
import { type Interval, type Kind, Scale } from "./scale";
import { Hands } from "./touch";

/** What a plot may ask of its lab. */
export interface PlotEnv {
  doc: Document;
  signal: AbortSignal;
  roots: Roots;
  settle: Settle;
  /** An input moved by a hand in this plot. */
  set(cell: string, value: number | number[]): void;
  /** The domain of a cell's slider: the x axis of a plot that shows only curves. */
  domainOf(cell: string): Interval | undefined;
}

const MARGIN = { left: 52, right: 14, top: 24, bottom: 40 };
const FRAME_BUDGET = 6; // ms; bands that take longer in three frames running leave the frame

const of = <K extends Mark["kind"]>(marks: readonly Mark[], kind: K) =>
  marks.filter((mark): mark is Extract<Mark, { kind: K }> => mark.kind === kind);

export class PlotView {
  readonly node: HTMLElement;
  readonly canvas: HTMLElement;
  readonly surface: SVGSVGElement;
  readonly points: PointsLayer[];
  readonly markers: MarkersLayer;
  x: Scale | null = null;
  y: Scale | null = null;
  readonly #curves: CurveLayer[];
  readonly #bands: BandLayer[];
  readonly #rules: RuleLayer[];
  readonly #traces: TraceLayer[];
  readonly #spans: SpanLayer[];
  readonly #axes: Axes;
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
    this.#curves = of(spec.marks, "curve").map((mark) => new CurveLayer(doc, mark, roots));
    this.#bands = of(spec.marks, "band").map((mark) => new BandLayer(doc, mark, roots));
    this.#rules = of(spec.marks, "rule").map((mark) => new RuleLayer(doc, mark));
    this.#traces = of(spec.marks, "trace").map((mark) => new TraceLayer(doc, mark));
    this.#spans = of(spec.marks, "span").map((mark) => new SpanLayer(doc, mark));
    this.points = of(spec.marks, "points").map((mark) => new PointsLayer(doc, mark, roots));
    this.markers = new MarkersLayer(doc, of(spec.marks, "marker"));
    this.#axes = new Axes(doc, spec.x, spec.y);
    this.#legend = new Legend(doc, spec.marks);
    // A nested svg cuts off what leaves the plotting area without needing a document-wide id.
    this.#area = svg(
      doc,
      "svg",
      { class: "sw-area" },
      ...this.#spans.map(({ node }) => node),
      ...this.#bands.map(({ node }) => node),
      ...this.#rules.map(({ node }) => node),
      ...this.points.map(({ node }) => node),
      ...this.#curves.map(({ node }) => node),
      ...this.#traces.map(({ node }) => node),
    );
    this.#origin = svg(doc, "g", {}, this.#axes.node, this.#area, this.markers.node);
    this.surface = svg(doc, "svg", { class: "sw-surface" }, this.#origin);
    this.canvas = html(doc, "div", { class: "sw-canvas" }, this.surface);
    this.node = html(
      doc,
      "figure",
      { class: `sw-plot${spec.wide ? " sw-wide" : ""}`, "data-plot": spec.id },
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
    const [share, least, most] = this.spec.wide ? [0.46, 270, 380] : [0.62, 210, 280];
    this.#width = width;
    this.#height = Math.round(Math.min(most, Math.max(least, width * share)));
    this.surface.setAttribute("width", String(width));
    this.surface.setAttribute("height", String(this.#height));
    this.#origin.setAttribute("transform", `translate(${MARGIN.left},${MARGIN.top})`);
    this.#area.setAttribute("width", String(this.#range("x")[1]));
    this.#area.setAttribute("height", String(this.#range("y")[0]));
  }

  get width(): number {
    return this.#width;
  }

  get left(): number {
    return MARGIN.left;
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
    for (const layer of this.points) layer.read(sheet, changed);
    for (const layer of this.#rules) layer.read(sheet);
    for (const layer of this.#traces) layer.read(sheet, changed);
    this.markers.read(sheet);
    const x = this.#xScale(moving);
    for (const layer of this.#curves) layer.read(sheet, changed, x);
    const y = this.#yScale(moving);
    this.#readBands(sheet, changed, x);
    this.#paint(x, y);
    this.#legend.show(sheet);
  }

  #paint(x: Scale, y: Scale): void {
    const moved = !x.same(this.x) || !y.same(this.y);
    this.x = x;
    this.y = y;
    if (moved) this.#axes.draw(x, y, MARGIN.left);
    const lines = [...this.#rules, ...this.#curves, ...this.#traces];
    const layers = [...this.#spans, ...this.#bands, ...this.points, ...lines, this.markers];
    let drawn = false;
    for (const layer of layers) {
      if (!moved && !layer.fresh) continue;
      layer.draw(x, y);
      drawn = true;
    }
    if (drawn) this.#hands.refresh();
  }

  #range(axis: "x" | "y"): Interval {
    if (axis === "x") return [0, this.#width - MARGIN.left - MARGIN.right];
    return [this.#height - MARGIN.top - MARGIN.bottom, 0];
  }

  #kind(axis: "x" | "y"): Kind {
    const { scale, log } = this.spec[axis];
    return log === undefined ? scale : this.#sheet?.get(log) === 1 ? "log" : "linear";
  }

  /** Keeps the very domain while nothing moved it: the layers know by that what to recompute. */
  #scale(axis: "x" | "y", wanted: Interval, moving: boolean): Scale {
    const { domain } = this.spec[axis];
    const before = this[axis];
    const kept = before?.kind === this.#kind(axis) ? before.domain : null;
    let next = domain ?? follow(kept, wanted, moving);
    if (kept && kept[0] === next[0] && kept[1] === next[1]) next = kept;
    const made = new Scale(this.#kind(axis), next, this.#range(axis));
    return made.same(before) ? (before as Scale) : made;
  }

  #xScale(moving: boolean): Scale {
    const kind = this.#kind("x");
    const held = extent(
      kind,
      ...this.points.map(({ xs }) => xs),
      ...this.#traces.map(({ xs }) => xs),
      this.markers.values("x"),
      this.#rules.filter(({ mark }) => mark.axis === "x").map(({ value }) => value),
    );
    const dragged = [...this.#curves.map(({ mark }) => mark.x), ...this.markers.dragged];
    const slider = dragged.map((cell) => this.env.domainOf(cell)).find(Boolean);
    const alone = this.points.every(({ xs }) => xs.length === 0) && slider !== undefined;
    const wanted = alone ? slider : held && widen(kind, held, 0.05);
    return this.#scale("x", wanted ?? [1, 10], moving);
  }

  #yScale(moving: boolean): Scale {
    const kind = this.#kind("y");
    const lines = [...this.#curves, ...this.#traces];
    const curves = lines.filter(({ visible }) => visible).map(({ ys }) => ys);
    // Where there are runs, a curve is their companion: it may leave the picture at the sides, or
    // the far ends of a law would press the runs together.
    const context = this.points.some(({ xs }) => xs.length > 0) ? [] : curves;
    const held = extent(
      kind,
      ...this.points.map(({ ys }) => ys),
      this.markers.values("y"),
      this.#rules.filter(({ mark }) => mark.axis === "y").map(({ value }) => value),
      ...context,
    );
    return this.#scale("y", held ? widen(kind, held, 0.07) : [1, 10], moving);
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
          if (this.x && this.y) band.draw(this.x, this.y);
        });
      },
    });
  }
}
