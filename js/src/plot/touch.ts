// Joins a plot to the hand and the keyboard, and says what is under them.
import { html, setText, svg } from "../dom";
import { type Formatter, formatter } from "../format";
import { type Grip, type Ground, listen, REACH } from "./hand";
import { steer, type Walk, walk } from "./keys";
import { put } from "./paths";
import { nearest, type Outline, pulled } from "./pick";
import type { PlotView } from "./plot";
import type { PointsLayer } from "./points";
import { sharesAt } from "./simplex";
import { SKETCH_KEYS } from "./sketch";
import { Tooltip } from "./tooltip";

const HOVER = 10; // px around a run
const HINT = "click or drag to leave runs out, Shift to take back";
const PULL_HINT = "; pull a run up or down, or double-click its height";
const KEYS = "Arrow keys move from point to point, Escape ends.";
const OUT_KEYS =
  "Arrow keys move from run to run, Space leaves a run out or takes it back, Escape ends.";
const PULL_KEYS = " With Shift the up and down arrows pull a run.";
const MIX_KEYS = "Arrow keys move the mixture, with Shift further.";
const KEY_HINT = "arrow keys walk, Space leaves a run out";
const KEY_PULL_HINT = "; with Shift they pull it";
const REST = 900; // ms that the markers stand still before the picture's description follows
const HINT_ROOM = 500; // px of a plot beside whose axis name the hint has room
const PULL_ROOM = 700; // the same for the longer one
const amount = formatter("quantity");
const share = formatter(".0%");

export class Hands implements Ground, Walk {
  readonly surface: SVGElement;
  readonly signal: AbortSignal;
  readonly #plot: PlotView;
  readonly #tooltip: Tooltip;
  readonly #said: HTMLElement;
  readonly #hint: HTMLElement;
  readonly #ring: SVGCircleElement;
  readonly #brush: SVGPathElement;
  readonly #formats: { x: Formatter; y: Formatter };
  #rest: ReturnType<typeof setTimeout> | undefined;
  #row = -1; // where the keyboard cursor stands
  #hovered = -1;
  #saying = false; // what a key has done is said when it is drawn

  constructor(plot: PlotView, origin: SVGGElement) {
    const { doc, signal } = plot.env;
    this.#plot = plot;
    this.surface = plot.surface;
    this.signal = signal;
    this.#tooltip = new Tooltip(doc);
    this.#said = html(doc, "div", { class: "sw-said", "aria-live": "polite" });
    this.#hint = html(doc, "div", { class: "sw-hint", "aria-hidden": "true", hidden: true });
    this.#showHint(false);
    this.#ring = svg(doc, "circle", { class: "sw-ring", r: 7 });
    this.#brush = svg(doc, "path", { class: "sw-brush" });
    this.#formats = { x: formatter(plot.spec.x.format), y: formatter(plot.spec.y.format) };
    origin.append(this.#brush, this.#ring);
    plot.canvas.append(this.#tooltip.node, this.#said, this.#hint);
    this.#describe();
    this.#showRing(-1);
    listen(this);
    if (this.#walked) walk(this);
    // Only here: an svg that listens to its focus takes it.
    for (const name of this.#brushable ? ["focus", "blur"] : []) {
      const heard = () => this.#showHint(this.surface.matches(":focus-visible"));
      this.surface.addEventListener(name, heard, { signal });
    }
    for (const sketch of plot.sketches) sketch.walk(plot, (text) => setText(this.#said, text));
    if (plot.spec.simplex) steer(this, (right, down) => this.#step(right, down));
  }

  /** The runs under the hand: those that can be left out before others; none that are not shown. */
  get #runs(): PointsLayer | undefined {
    const shown = this.#plot.points.filter(({ xs }) => xs.length > 0);
    return shown.find(({ mark }) => mark.excluded) ?? shown[0];
  }

  get #walked(): boolean {
    return this.#plot.points.length > 0 && !this.#plot.spec.simplex;
  }

  get #brushable(): boolean {
    return this.#plot.points.some(({ mark }) => mark.excluded);
  }

  get #pullable(): boolean {
    return this.#plot.points.some(({ mark }) => mark.nudged);
  }

  /** The runs have moved or changed: so do the ring and the note on them. */
  refresh(): void {
    const hand = this.#saying && this.#plot.markers.hand;
    if (hand) setText(this.#said, this.#axisLines(hand.x, hand.y).join(", "));
    this.#saying = false;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#describeMarkers(), REST);
    const runs = this.#runs;
    const room = this.#pullable ? PULL_ROOM : HINT_ROOM;
    const useful = this.#plot.width >= room && runs?.mark.excluded !== undefined;
    if (this.#hint.hidden === useful) this.#hint.hidden = !useful;
    if (Math.max(this.#row, this.#hovered) >= (runs?.xs.length ?? 0)) this.stand(-1);
    else if (this.#row >= 0) this.stand(this.#row);
    else if (this.#hovered >= 0) this.#showRun(this.#hovered);
  }

  #describe(): void {
    const { surface, spec } = this.#plot;
    const walked = this.#walked;
    const leave = this.#brushable ? OUT_KEYS : KEYS;
    const how = this.#pullable ? leave + PULL_KEYS : leave;
    const sketched = this.#plot.sketches.length > 0;
    const keys = walked ? how : sketched ? SKETCH_KEYS : spec.simplex && MIX_KEYS;
    surface.setAttribute("role", keys ? "application" : "img");
    const about = spec.simplex ? [] : [`${spec.y.label} against ${spec.x.label}`];
    const label = [spec.title, ...about, ...(keys ? [keys] : [])];
    surface.setAttribute("aria-label", label.join(". "));
    if (!keys) return;
    surface.setAttribute("tabindex", "0");
    if (!this.#brushable && !sketched) return;
    surface.classList.add("sw-brushable");
  }

  /** For who cannot see the picture: where its markers stand. */
  #describeMarkers(): void {
    const texts = this.#plot.markers.known.map(({ mark, x, y }) =>
      [mark.label, ...this.#axisLines(x, y)].join(", "),
    );
    this.surface.setAttribute("aria-description", texts.join("; "));
  }

  /** What can be done here, by the hand or by the keys. */
  #showHint(keys: boolean): void {
    const [hint, pull] = keys ? [KEY_HINT, KEY_PULL_HINT] : [HINT, PULL_HINT];
    setText(this.#hint, this.#pullable ? hint + pull : hint);
  }

  /** The mixture moves by so many pixels; what it is now is said. */
  #step(right: number, down: number): void {
    const { markers, x, y } = this.#plot;
    const hand = markers.hand;
    if (!hand || !x || !y) return;
    this.#plot.mix(x.at(hand.x) + right, y.at(hand.y) + down);
    this.#saying = true;
  }

  place(event: MouseEvent): readonly [number, number] {
    const box = this.#plot.surface.getBoundingClientRect();
    const { left, top } = this.#plot;
    return [event.clientX - box.left - left, event.clientY - box.top - top];
  }

  seen() {
    return this.#runs ?? null;
  }

  runs() {
    const runs = this.#runs;
    return runs?.mark.excluded ? { px: runs.px, py: runs.py, out: [...runs.out] } : null;
  }

  leaveOut(rows: number[]): void {
    const cell = this.#runs?.mark.excluded;
    if (cell) this.#plot.env.set(cell, rows);
  }

  grip(x: number, y: number): Grip | null {
    const marker = this.#markerAt(x, y, true);
    const cell = marker?.mark.drag;
    if (!marker || !cell) return this.#plot.sketches[0]?.grip(this.#plot, x, y) ?? null;
    // From the marker to where it was taken hold of, so that it does not jump to the hand.
    const offset = x - this.#plot.x!.at(marker.x);
    const above = y - this.#plot.y!.at(marker.y);
    if (this.#plot.spec.simplex) {
      return { move: (to, down) => this.#plot.mix(to - offset, down - above) };
    }
    return {
      move: (to) => {
        // Beyond the edge the axis would grow under the hand and run away from it.
        const { range } = this.#plot.x!;
        const place = Math.min(range[1], Math.max(0, to - offset));
        this.#plot.env.set(cell, this.#plot.x!.invert(place));
      },
    };
  }

  lift(x: number, y: number): Grip | null {
    const runs = this.#runs;
    const row = runs?.mark.nudged ? nearest(runs.px, runs.py, x, y, REACH) : -1;
    if (!runs || row < 0) return null;
    const [start, before, offset] = [runs.ys[row], runs.pulls, y - runs.py[row]];
    const [least, most] = this.#plot.y!.domain; // of now, for the same reason
    this.#hovered = row; // its note goes with it
    return {
      move: (_, to) => {
        const under = this.#plot.y!.invert(to - offset);
        const by = Math.min(most, Math.max(least, under)) / start;
        if (by > 0) this.#nudge(pulled(before, row, by));
      },
      undo: () => this.#nudge([...before]),
    };
  }

  pull(row: number, by: number): boolean {
    const runs = this.#runs;
    if (runs?.mark.nudged) this.#nudge(pulled(runs.pulls, row, by));
    return this.#pullable;
  }

  #nudge(pulls: number[]): void {
    this.#plot.env.set(this.#runs!.mark.nudged!, pulls);
  }

  hover(x: number, y: number): void {
    const { surface } = this;
    const runs = this.#runs;
    const row = runs ? nearest(runs.px, runs.py, x, y, HOVER) : -1;
    const marker = this.#markerAt(x, y, false);
    const grip = marker?.mark.drag !== undefined;
    surface.classList.toggle("sw-grip", grip);
    surface.classList.toggle("sw-lift", !marker && row >= 0 && runs?.mark.nudged !== undefined);
    this.#hovered = -1;
    if (marker) {
      this.#ring.style.display = "none";
      const { mark } = marker;
      this.#note([mark.label, ...this.#axisLines(marker.x, marker.y)], x, y);
    } else if (row >= 0) {
      this.#hovered = row;
      this.#showRun(row);
    } else this.unhover();
  }

  #markerAt(px: number, py: number, draggable: boolean) {
    const { markers, x, y } = this.#plot;
    return x && y && markers.at(px, py, x, y, draggable);
  }

  unhover(): void {
    this.#hovered = -1;
    if (this.#row >= 0) return;
    this.#tooltip.hide();
    this.#showRing(-1);
  }

  stand(row: number): void {
    this.#row = row;
    if (row < 0) {
      this.unhover();
      return;
    }
    setText(this.#said, this.#showRun(row).join(", "));
  }

  #showRun(row: number): string[] {
    const runs = this.#runs as PointsLayer;
    this.#showRing(row);
    const lines = this.#runLines(row);
    this.#note(lines, runs.px[row], runs.py[row]);
    return lines;
  }

  #runLines(row: number): string[] {
    const { mark, names, out, columns, xs, ys } = this.#runs as PointsLayer;
    const name = names[row] ?? `run ${row + 1}`;
    const others = columns.filter(([cell]) => cell !== mark.x && cell !== mark.y);
    return [
      out.has(row) ? `${name} (left out)` : name,
      ...this.#axisLines(xs[row], ys[row]),
      ...others.map(([cell, column]) => `${cell.replace(/^run_/, "")}: ${amount(column[row])}`),
    ];
  }

  #axisLines(x: number, y: number): string[] {
    const { spec, names } = this.#plot;
    if (spec.simplex) {
      const shares = sharesAt(x, y).map(share);
      return spec.simplex.corners.map((name, i) => `${name}: ${shares[i]} of the three`);
    }
    const height = names[Math.round(y)] ?? this.#formats.y(y);
    return [`${spec.x.label}: ${this.#formats.x(x)}`, `${spec.y.label}: ${height}`];
  }

  #note(lines: string[], x: number, y: number): void {
    const { left, top, width } = this.#plot;
    this.#tooltip.show(lines, x + left, y + top, width);
  }

  #showRing(row: number): void {
    const runs = this.#runs;
    const [x, y] = runs && row >= 0 ? [runs.px[row], runs.py[row]] : [NaN, NaN];
    this.#ring.style.display = Number.isFinite(x + y) ? "" : "none";
    if (Number.isFinite(x + y)) put(this.#ring, { cx: x, cy: y });
  }

  freehand(): boolean {
    return this.#runs?.freehand ?? false;
  }

  brush(outline: Outline | null): void {
    this.#brush.setAttribute("d", outline ? `M${outline.join("L")}Z` : "");
  }
}
