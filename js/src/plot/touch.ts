// Joins a plot to the hand and the keyboard, and says what is under them.
import { html, setText, svg } from "../dom";
import { type Formatter, formatter } from "../format";
import { listen } from "./hand";
import { walk } from "./keys";
import { nearest, type Rect } from "./pick";
import type { PlotView } from "./plot";
import type { PointsLayer } from "./points";
import { Tooltip } from "./tooltip";

const HOVER = 10; // px around a run
const HINT = "click or drag to leave runs out, Shift to take back";
const HINT_ROOM = 500; // px of a plot beside whose axis name the hint has room
const amount = formatter("quantity");

export class Hands {
  readonly #plot: PlotView;
  readonly #runs: PointsLayer | undefined;
  readonly #tooltip: Tooltip;
  readonly #said: HTMLElement;
  readonly #hint: HTMLElement;
  readonly #ring: SVGCircleElement;
  readonly #brush: SVGRectElement;
  readonly #formats: { x: Formatter; y: Formatter };
  #row = -1; // where the keyboard cursor stands
  #hovered = -1;

  constructor(plot: PlotView, origin: SVGGElement) {
    const { doc, signal } = plot.env;
    this.#plot = plot;
    this.#runs = plot.points.find(({ mark }) => mark.excluded) ?? plot.points[0];
    this.#tooltip = new Tooltip(doc);
    this.#said = html(doc, "div", { class: "sw-said", "aria-live": "polite" });
    this.#hint = html(doc, "div", { class: "sw-hint", "aria-hidden": "true", hidden: true }, HINT);
    this.#ring = svg(doc, "circle", { class: "sw-ring", r: 7 });
    this.#brush = svg(doc, "rect", { class: "sw-brush" });
    this.#formats = { x: formatter(plot.spec.x.format), y: formatter(plot.spec.y.format) };
    origin.append(this.#brush, this.#ring);
    plot.canvas.append(this.#tooltip.node, this.#said, this.#hint);
    this.#describe();
    this.#showRing(-1);
    this.#sweep(null);
    const shared = {
      surface: plot.surface,
      signal,
      runs: () => this.#choosable(),
      leaveOut: (rows: number[]) => this.#leaveOut(rows),
    };
    listen({
      ...shared,
      place: (event) => this.#place(event),
      grip: (x, y) => this.#grip(x, y),
      hover: (x, y) => this.#hover(x, y),
      unhover: () => this.#unhover(),
      brush: (rect) => this.#sweep(rect),
    });
    if (this.#runs?.mark.excluded) walk({ ...shared, stand: (row) => this.#stand(row) });
  }

  /** The runs have moved or changed: so do the ring and the note on them. */
  refresh(): void {
    const useful = this.#plot.width >= HINT_ROOM && this.#runs?.mark.excluded !== undefined;
    if (this.#hint.hidden === useful) this.#hint.hidden = !useful;
    if (this.#row >= 0) this.#stand(this.#row);
    else if (this.#hovered >= 0) this.#showRun(this.#hovered);
  }

  #describe(): void {
    const { surface, spec } = this.#plot;
    const walked = this.#runs?.mark.excluded !== undefined;
    const how =
      "Arrow keys move from run to run, Space leaves a run out or takes it back, Escape ends.";
    surface.setAttribute("role", walked ? "application" : "img");
    surface.setAttribute("aria-label", walked ? `${spec.title}. ${how}` : spec.title);
    if (walked) surface.setAttribute("tabindex", "0");
  }

  #place(event: PointerEvent): { x: number; y: number } {
    const box = this.#plot.surface.getBoundingClientRect();
    const { left, top } = this.#plot;
    return { x: event.clientX - box.left - left, y: event.clientY - box.top - top };
  }

  #choosable() {
    const runs = this.#runs;
    return runs?.mark.excluded ? { px: runs.px, py: runs.py, out: [...runs.out] } : null;
  }

  #leaveOut(rows: number[]): void {
    const runs = this.#runs;
    if (!runs?.mark.excluded) return;
    const same = rows.length === runs.out.size && rows.every((row) => runs.out.has(row));
    if (!same) this.#plot.env.set(runs.mark.excluded, rows);
  }

  #grip(x: number, y: number) {
    const { markers, env } = this.#plot;
    if (!this.#plot.x || !this.#plot.y) return null;
    const marker = markers.at(x, y, this.#plot.x, this.#plot.y, true);
    const cell = marker?.mark.drag;
    if (!marker || !cell) return null;
    return {
      offset: x - this.#plot.x.at(marker.x),
      move: (to: number) => {
        // Beyond the edge the axis would grow under the hand and run away from it.
        const axis = this.#plot.x;
        if (axis) env.set(cell, axis.invert(Math.min(axis.range[1], Math.max(0, to))));
      },
    };
  }

  #hover(x: number, y: number): void {
    const { points, surface } = this.#plot;
    const row = this.#runs ? nearest(this.#runs.px, this.#runs.py, x, y, HOVER) : -1;
    const marker = this.#markerAt(x, y);
    const grip = marker?.mark.drag !== undefined;
    surface.classList.toggle("sw-grip", grip);
    surface.classList.toggle("sw-brushable", !grip && points.some(({ mark }) => mark.excluded));
    this.#hovered = -1;
    if (marker) {
      this.#ring.style.display = "none";
      const { mark } = marker;
      this.#note([mark.label, ...this.#axisLines(marker.x, marker.y)], x, y);
    } else if (row >= 0) {
      this.#hovered = row;
      this.#showRun(row);
    } else this.#unhover();
  }

  #markerAt(x: number, y: number) {
    const { markers } = this.#plot;
    if (!this.#plot.x || !this.#plot.y) return null;
    return markers.at(x, y, this.#plot.x, this.#plot.y, false);
  }

  #unhover(): void {
    this.#hovered = -1;
    if (this.#row >= 0) return;
    this.#tooltip.hide();
    this.#showRing(-1);
  }

  #stand(row: number): void {
    this.#row = row;
    if (row < 0) {
      this.#unhover();
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
      ...others.map(([cell, column]) => `${cell}: ${amount(column[row])}`),
    ];
  }

  #axisLines(x: number, y: number): string[] {
    const { spec } = this.#plot;
    return [`${spec.x.label}: ${this.#formats.x(x)}`, `${spec.y.label}: ${this.#formats.y(y)}`];
  }

  #note(lines: string[], x: number, y: number): void {
    const { left, top, width } = this.#plot;
    this.#tooltip.show(lines, x + left, y + top, width);
  }

  #showRing(row: number): void {
    const runs = this.#runs;
    const [x, y] = runs && row >= 0 ? [runs.px[row], runs.py[row]] : [NaN, NaN];
    this.#ring.style.display = Number.isFinite(x + y) ? "" : "none";
    if (!Number.isFinite(x + y)) return;
    this.#ring.setAttribute("cx", x.toFixed(1));
    this.#ring.setAttribute("cy", y.toFixed(1));
  }

  #sweep(rect: Rect | null): void {
    this.#brush.style.display = rect ? "" : "none";
    if (!rect) return;
    this.#brush.setAttribute("x", rect.x0.toFixed(1));
    this.#brush.setAttribute("y", rect.y0.toFixed(1));
    this.#brush.setAttribute("width", (rect.x1 - rect.x0).toFixed(1));
    this.#brush.setAttribute("height", (rect.y1 - rect.y0).toFixed(1));
  }
}
