// Grid lines, tick labels and the names of the axes.
import { svg } from "../dom";
import { distinctly } from "../format";
import type { Axis } from "../spec";
import { put, tenth } from "./paths";
import type { Scale, Tick } from "./scale";

const LABEL_WIDTH = 54; // px a label of the x axis needs
const LABEL_HEIGHT = 28; // px between labels of the y axis
const PER_LETTER = 6.2; // px at the labels' size
const NAME_ROOM = 178; // px that the names of a y axis may take
export const NAME_HEIGHT = 19; // px from name to name

/** Pixels that names need at the left of a plot. */
export function roomFor(names: readonly string[]): number {
  return Math.min(NAME_ROOM, PER_LETTER * Math.max(0, ...names.map(({ length }) => length)));
}

/** The name, cut where it is longer than its room. */
export function cut(name: string): string {
  const most = Math.floor(NAME_ROOM / PER_LETTER);
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}

export class Axes {
  readonly node: SVGGElement;
  readonly #lines: SVGPathElement;
  readonly #texts: SVGGElement;
  readonly #xName: SVGTextElement;
  readonly #yName: SVGTextElement;

  constructor(
    private readonly doc: Document,
    private readonly xAxis: Axis,
    private readonly yAxis: Axis,
  ) {
    this.#lines = svg(doc, "path", { class: "sw-grid" });
    this.#texts = svg(doc, "g", { class: "sw-ticks" });
    this.#xName = svg(doc, "text", { class: "sw-axis-name", "text-anchor": "end" });
    this.#xName.textContent = xAxis.label;
    this.#yName = svg(doc, "text", { class: "sw-axis-name" });
    this.#yName.textContent = yAxis.label;
    this.node = svg(doc, "g", {}, this.#lines, this.#texts, this.#xName, this.#yName);
  }

  /** `left` is the room for the labels of the y axis, which are `names` where it has any. */
  draw(x: Scale, y: Scale, left: number, names: readonly string[]): void {
    const [width, height] = [x.range[1], y.range[0]];
    const xTicks = x.ticks(width / LABEL_WIDTH);
    const yTicks = this.yAxis.names
      ? names.map((_, value) => ({ value, labelled: true }))
      : y.ticks(height / LABEL_HEIGHT);
    this.#lines.setAttribute("d", gridPath(x, y, xTicks, yTicks));
    const write = (text: string, tx: number, ty: number, anchor: string) => {
      const node = svg(this.doc, "text", { "text-anchor": anchor });
      node.textContent = text;
      put(node, { x: tx, y: ty });
      return node;
    };
    const [xValues, yValues] = [labelled(xTicks), labelled(yTicks)];
    const xTexts = distinctly(this.xAxis.format, xValues).map((text, i) =>
      write(text, x.at(xValues[i]), height + 16, "middle"),
    );
    const spelled = this.yAxis.names ? names.map(cut) : distinctly(this.yAxis.format, yValues);
    const yTexts = spelled.map((text, i) => {
      const node = write(text, -7, y.at(yValues[i]) + 3.5, "end");
      if (this.yAxis.names && text !== names[i]) node.append(titleOf(this.doc, names[i]));
      return node;
    });
    this.#texts.replaceChildren(...xTexts, ...yTexts);
    put(this.#xName, { x: width, y: height + 33 });
    put(this.#yName, { x: 4 - left, y: -9 });
  }
}

/** The whole name, shown on hovering. */
function titleOf(doc: Document, name: string): SVGTitleElement {
  const title = svg(doc, "title");
  title.textContent = name;
  return title;
}

function labelled(ticks: Tick[]): number[] {
  return ticks.filter((tick) => tick.labelled).map(({ value }) => value);
}

function gridPath(x: Scale, y: Scale, xTicks: Tick[], yTicks: Tick[]): string {
  const [width, height] = [x.range[1], y.range[0]];
  let path = "";
  for (const { value, labelled } of xTicks) {
    const at = tenth(x.at(value));
    // Unlabelled ticks are short: a logarithmic axis must look like one without a lattice.
    path += labelled ? `M${at},0V${height}` : `M${at},${height}v-4`;
  }
  for (const { value, labelled } of yTicks) {
    const at = tenth(y.at(value));
    path += labelled ? `M0,${at}H${width}` : `M0,${at}h4`;
  }
  return path;
}
