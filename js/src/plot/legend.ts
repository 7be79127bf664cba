// What is what in a plot, by colour, dash and shape.
import { html, roleColor, svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Mark } from "../spec";
import { halfBar } from "./bars";
import { isVisible } from "./layer";
import { cross, symbolPath } from "./paths";

interface Entry {
  node: HTMLElement;
  visible: string | undefined;
}

export class Legend {
  readonly node: HTMLElement;
  readonly #entries: Entry[] = [];

  constructor(doc: Document, marks: readonly Mark[]) {
    this.node = html(doc, "ul", { class: "sw-legend" });
    for (const mark of marks) {
      if (!mark.label) continue;
      const visible = "visible" in mark ? mark.visible : undefined;
      this.#add(doc, mark.label, swatch(doc, mark.color, key(doc, mark)), visible);
      if (mark.kind === "points" && mark.excluded) {
        this.#add(doc, "left out", leftOutKey(doc, mark.color), visible);
      }
    }
  }

  #add(doc: Document, label: string, swatch: SVGSVGElement, visible: string | undefined): void {
    const node = html(doc, "li", {}, swatch, label);
    this.#entries.push({ node, visible });
    this.node.append(node);
  }

  show(sheet: Sheet): void {
    for (const { node, visible } of this.#entries) {
      const hidden = !isVisible(sheet, visible);
      if (node.hidden !== hidden) node.hidden = hidden;
    }
  }
}

function swatch(doc: Document, color: string, ...children: SVGElement[]): SVGSVGElement {
  const node = svg(doc, "svg", { width: 20, height: 12, "aria-hidden": "true" }, ...children);
  node.style.color = roleColor(color);
  return node;
}

function key(doc: Document, mark: Mark): SVGElement {
  const area = { x: 1, y: 1, width: 18, height: 10, rx: 2 };
  switch (mark.kind) {
    case "span":
    case "band":
      return svg(doc, "rect", { class: `sw-key-${mark.kind}`, ...area });
    case "bars": {
      const low = svg(doc, "path", { class: "sw-bar-low", d: halfBar(8, 1, 6) });
      const high = svg(doc, "path", { class: "sw-bar-high", d: halfBar(8, 19, 6) });
      return svg(doc, "g", {}, low, high);
    }
    case "points":
      return svg(doc, "circle", { class: "sw-key-dot", cx: 10, cy: 6, r: 3.6 });
    case "marker":
      return svg(doc, "path", {
        class: "sw-symbol",
        d: symbolPath(mark.shape, 4.5),
        transform: "translate(10,6)",
      });
    case "rule":
      return line(doc, "2 3");
    default:
      return line(doc, "dash" in mark ? mark.dash : undefined);
  }
}

function line(doc: Document, dash: string | undefined): SVGElement {
  return svg(doc, "path", { class: "sw-key-line", d: "M1,6H19", "stroke-dasharray": dash });
}

function leftOutKey(doc: Document, color: string): SVGSVGElement {
  return swatch(
    doc,
    color,
    svg(doc, "circle", { class: "sw-key-out", cx: 10, cy: 6, r: 3.6 }),
    svg(doc, "path", { class: "sw-crosses", d: cross(10, 6) }),
  );
}
