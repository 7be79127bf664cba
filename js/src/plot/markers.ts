// Markers with their names. They are drawn together, because the names must not cover one another.
import { roleColor, svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Marker } from "../spec";
import { placeLabels } from "./labels";
import { isVisible } from "./layer";
import { put, symbolPath, tenth } from "./paths";
import type { Scale } from "./scale";

const RADIUS = 6;
const HAND_RADIUS = 7.5;
const REACH = 16; // px around a marker within which a hand takes hold of it

interface Drawn {
  mark: Marker;
  node: SVGGElement;
  drop: SVGLineElement;
  symbol: SVGPathElement;
  text: SVGTextElement;
  x: number;
  y: number;
  /** Where its name stood in the last frame. */
  place: number;
}

export class MarkersLayer {
  readonly node: SVGGElement;
  fresh = true;
  readonly #drawn: Drawn[];

  constructor(doc: Document, marks: readonly Marker[]) {
    // What can be dragged comes first: its name finds the best place, and it is drawn last, so that
    // an optimum does not hide it.
    const order = [...marks].sort((a, b) => Number(!!b.drag) - Number(!!a.drag));
    this.#drawn = order.map((mark) => drawn(doc, mark));
    const names = this.#drawn.map(({ text }) => text);
    const symbols = this.#drawn.map(({ node }) => node).reverse();
    this.node = svg(doc, "g", { class: "sw-markers" }, ...names, ...symbols);
  }

  read(sheet: Sheet): void {
    for (const marker of this.#drawn) {
      const shown = isVisible(sheet, marker.mark.visible);
      const x = shown ? sheet.get(marker.mark.x) : NaN;
      const y = shown ? sheet.get(marker.mark.y) : NaN;
      if (Object.is(x, marker.x) && Object.is(y, marker.y)) continue;
      marker.x = x;
      marker.y = y;
      this.fresh = true;
    }
  }

  /** The cells that dragging a marker sets. */
  get dragged(): string[] {
    return this.#drawn.flatMap(({ mark }) => mark.drag ?? []);
  }

  /** The first marker that can be dragged, where it is wholly known. */
  get hand(): { x: number; y: number } | undefined {
    return this.#drawn.find(({ mark, x, y }) => mark.drag && Number.isFinite(x + y));
  }

  /** The markers that are wholly known. */
  get known(): readonly Pick<Drawn, "mark" | "x" | "y">[] {
    return this.#drawn.filter(({ x, y }) => Number.isFinite(x + y));
  }

  /** Their values along an axis. */
  values(axis: "x" | "y"): number[] {
    return this.known.map((marker) => marker[axis]);
  }

  draw(x: Scale, y: Scale): void {
    const [width, height] = [x.range[1], y.range[0]];
    const spots = [];
    const named: Drawn[] = [];
    for (const marker of this.#drawn) {
      const [px, py] = [x.at(marker.x), y.at(marker.y)];
      const inside = px >= -1 && px <= width + 1 && py >= -1 && py <= height + 1;
      const there = inside && !Number.isNaN(px + py);
      marker.node.style.display = marker.text.style.display = there ? "" : "none";
      if (!there) continue;
      marker.symbol.setAttribute("transform", `translate(${tenth(px)},${tenth(py)})`);
      put(marker.drop, { x1: px, x2: px, y1: py, y2: height });
      spots.push({ x: px, y: py, text: marker.mark.label });
      named.push(marker);
    }
    const before = named.map(({ place }) => place);
    placeLabels(spots, width, height, before).forEach((at, i) => {
      const marker = named[i];
      marker.place = at.place;
      put(marker.text, { x: at.x, y: at.y });
      marker.text.setAttribute("text-anchor", at.anchor);
    });
  }

  /** The marker under a place: the nearest one within reach. */
  at(px: number, py: number, x: Scale, y: Scale, draggable: boolean): Drawn | null {
    let best: Drawn | null = null;
    let least = draggable ? REACH : 9;
    for (const marker of this.#drawn) {
      if (draggable && !marker.mark.drag) continue;
      const far = Math.hypot(x.at(marker.x) - px, y.at(marker.y) - py);
      if (far <= least) [best, least] = [marker, far];
    }
    return best;
  }
}

function drawn(doc: Document, mark: Marker): Drawn {
  const drop = svg(doc, "line", { class: "sw-drop" });
  const radius = mark.drag ? HAND_RADIUS : RADIUS;
  const symbol = svg(doc, "path", { class: "sw-symbol", d: symbolPath(mark.shape, radius) });
  const text = svg(doc, "text", { class: "sw-name" });
  text.textContent = mark.label;
  const node = svg(doc, "g", { class: "sw-marker", "data-marker": mark.label }, drop, symbol);
  node.style.color = text.style.color = roleColor(mark.color);
  return { mark, node, drop, symbol, text, x: NaN, y: NaN, place: -1 };
}
