// A line that is drawn: with the mouse by dragging over the plot, or from the keyboard.
import { svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import { formatter } from "../format";
import { type Changed, type Roots, touches } from "../roots";
import type { Sketch } from "../spec";
import type { Grip } from "./hand";
import { Layer } from "./layer";
import { linePath, put } from "./paths";
import type { PlotView } from "./plot";
import type { Scale } from "./scale";

export const SKETCH_KEYS =
  "Drag to draw. Arrow keys move along the line and up and down, with Shift all that follows.";
const STEP = 0.02; // of the range, an arrow key
const DIGITS = 1e4; // kept of a height
const LEAP = 8; // places, a page key

type Place = readonly [at: number, height: number];

/** The heights after a hand has gone from one place to another: straight between them. */
export function stroke(heights: ArrayLike<number>, from: Place, to: Place): number[] {
  const drawn = Array.from(heights);
  const [[a, low], [b, high]] = from[0] <= to[0] ? [from, to] : [to, from];
  for (let k = a; k <= b; k++) {
    const height = a === b ? to[1] : low + ((high - low) * (k - a)) / (b - a);
    drawn[k] = Math.round(height * DIGITS) / DIGITS;
  }
  return drawn;
}

export class SketchLayer extends Layer<Sketch> {
  readonly #line: SVGElement;
  readonly #ring: SVGElement;
  readonly #roots: ReadonlySet<string>;
  #ends: readonly [number, number] = [0, 1];
  #at = -1; // where the keyboard stands

  constructor(doc: Document, mark: Sketch, roots: Roots) {
    const line = svg(doc, "path", { class: "sw-curve" });
    const ring = svg(doc, "circle", { class: "sw-ring", r: 7 });
    super(mark, svg(doc, "g", {}, line, ring));
    this.#line = line;
    this.#ring = ring;
    this.#roots = roots.of([mark.array, mark.start, mark.end]);
  }

  read(sheet: Sheet, changed: Changed): void {
    if (!touches(this.#roots, changed)) return;
    const { array, start, end } = this.mark;
    this.#ends = [sheet.get(start), sheet.get(end)];
    this.ys = sheet.array(array);
    this.xs = this.ys.map((_, k) => this.#place(k));
    this.fresh = true;
  }

  draw(x: Scale, y: Scale): void {
    const { xs, ys } = this;
    this.#line.setAttribute("d", linePath(xs, ys, x, y));
    const at = this.#at;
    this.#ring.style.display = at in ys ? "" : "none";
    if (at in ys) put(this.#ring, { cx: x.at(xs[at]), cy: y.at(ys[at]) });
  }

  /** The middle of a place, on the x axis. */
  #place(k: number): number {
    const [from, to] = this.#ends;
    return from + ((k + 0.5) / this.ys.length) * (to - from);
  }

  #set(plot: PlotView, heights: number[]): void {
    this.ys = Float64Array.from(heights); // the next key may come before the next frame
    plot.env.set(this.mark.cell, heights);
    for (const [cell, value] of Object.entries(this.mark.sets ?? {})) plot.env.set(cell, value);
  }

  grip(plot: PlotView, px: number, py: number): Grip | null {
    const [from, to] = this.#ends;
    const { length } = this.ys;
    if (length === 0) return null;
    const under = (x: number, y: number): Place => {
      const share = (plot.x!.invert(x) - from) / (to - from);
      const at = within([0, length - 1], Math.floor(share * length));
      return [at, within(this.mark.range, plot.y!.invert(y))];
    };
    let hand = under(px, py);
    const before = Array.from(this.ys);
    return {
      move: (x, y) => {
        const next = under(x, y);
        this.#set(plot, stroke(this.ys, hand, next));
        hand = next;
      },
      undo: () => this.#set(plot, before),
    };
  }

  /** The same from the keyboard; `say` tells where it stands. */
  walk(plot: PlotView, say: (text: string) => void): void {
    const { surface, spec, env } = plot;
    const { range } = this.mark;
    const [writeX, writeY] = [formatter(spec.x.format), formatter(spec.y.format)];
    const stand = (at: number) => {
      this.#at = at;
      if (plot.x && plot.y) this.draw(plot.x, plot.y);
      if (at >= 0) say(`${writeX(this.xs[at])}: ${writeY(this.ys[at])}`);
    };
    const heard = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = this.ys.length - 1;
      const [along, up] = KEYS[event.key] ?? [0, 0];
      if (along) stand(within([0, last], this.#at + along));
      else if (event.key === "Escape") stand(-1);
      else if (up && this.#at >= 0) {
        const height = within(range, this.ys[this.#at] + up * STEP * (range[1] - range[0]));
        const end = event.shiftKey ? last : this.#at;
        this.#set(plot, stroke(this.ys, [this.#at, height], [end, height]));
      } else return;
      event.preventDefault();
    };
    surface.addEventListener("keydown", heard, { signal: env.signal });
    surface.addEventListener("blur", () => stand(-1), { signal: env.signal });
  }
}

const within = ([least, most]: readonly [number, number], value: number) =>
  Math.min(most, Math.max(least, value));

/** How far a key goes along the line, and up. */
const KEYS: Record<string, [along: number, up: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  PageUp: [-LEAP, 0],
  PageDown: [LEAP, 0],
  Home: [-Infinity, 0],
  End: [Infinity, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
