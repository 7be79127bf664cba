// Grid lines, tick labels and the names of the axes.
import { svg } from "../dom";
import { distinctly } from "../format";
import type { Axis } from "../spec";
import type { Scale, Tick } from "./scale";

const LABEL_WIDTH = 54; // px a label of the x axis needs
const LABEL_HEIGHT = 28; // px between labels of the y axis

export class Axes {
  readonly node: SVGGElement;
  readonly #lines: SVGPathElement;
  readonly #texts: SVGGElement;
  readonly #xName: SVGTextElement;
  readonly #yName: SVGTextElement;
  readonly #pool: SVGTextElement[] = [];

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

  /** `left` is the room for the labels of the y axis. */
  draw(x: Scale, y: Scale, left: number): void {
    const [width, height] = [x.range[1], y.range[0]];
    const xTicks = x.ticks(width / LABEL_WIDTH);
    const yTicks = y.ticks(height / LABEL_HEIGHT);
    this.#lines.setAttribute("d", gridPath(x, y, xTicks, yTicks));
    let used = 0;
    const write = (text: string, tx: number, ty: number, anchor: string) => {
      const node = this.#text(used++);
      node.textContent = text;
      node.setAttribute("x", tx.toFixed(1));
      node.setAttribute("y", ty.toFixed(1));
      node.setAttribute("text-anchor", anchor);
    };
    const [xValues, yValues] = [labelled(xTicks), labelled(yTicks)];
    distinctly(this.xAxis.format, xValues).forEach((text, i) =>
      write(text, x.at(xValues[i]), height + 16, "middle"),
    );
    distinctly(this.yAxis.format, yValues).forEach((text, i) =>
      write(text, -7, y.at(yValues[i]) + 3.5, "end"),
    );
    for (const spare of this.#pool.splice(used)) spare.remove();
    place(this.#xName, width, height + 33);
    place(this.#yName, 4 - left, -9);
  }

  #text(index: number): SVGTextElement {
    if (index === this.#pool.length) {
      const node = svg(this.doc, "text");
      this.#pool.push(node);
      this.#texts.append(node);
    }
    return this.#pool[index];
  }
}

function labelled(ticks: Tick[]): number[] {
  return ticks.filter((tick) => tick.labelled).map(({ value }) => value);
}

function place(text: SVGTextElement, x: number, y: number): void {
  text.setAttribute("x", x.toFixed(1));
  text.setAttribute("y", y.toFixed(1));
}

function gridPath(x: Scale, y: Scale, xTicks: Tick[], yTicks: Tick[]): string {
  const [width, height] = [x.range[1].toFixed(1), y.range[0].toFixed(1)];
  let path = "";
  for (const { value, labelled } of xTicks) {
    const at = x.at(value).toFixed(1);
    // Unlabelled ticks are short: a logarithmic axis must look like one without a lattice.
    path += labelled ? `M${at},0V${height}` : `M${at},${height}v-4`;
  }
  for (const { value, labelled } of yTicks) {
    const at = y.at(value).toFixed(1);
    path += labelled ? `M0,${at}H${width}` : `M0,${at}h4`;
  }
  return path;
}
