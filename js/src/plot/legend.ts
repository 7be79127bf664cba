// What is what in a plot, by colour, dash and shape.
import { html, roleColor, svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Mark } from "../spec";
import { isVisible } from "./layers";
import { symbolPath } from "./paths";

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
      this.#add(doc, mark.label, key(doc, mark), "visible" in mark ? mark.visible : undefined);
      if (mark.kind === "points" && mark.excluded) {
        this.#add(doc, "left out", leftOutKey(doc, mark.color), undefined);
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

function key(doc: Document, mark: Mark): SVGSVGElement {
  const line = (dash?: string) =>
    svg(doc, "path", { class: "sw-key-line", d: "M1,6H19", "stroke-dasharray": dash });
  switch (mark.kind) {
    case "trace":
      return swatch(doc, mark.color, line());
    case "span":
      return swatch(doc, mark.color, svg(doc, "rect", { class: "sw-key-span", x: 1, y: 1, width: 18, height: 10 }));
    case "curve":
      return swatch(doc, mark.color, line(mark.dash));
    case "rule":
      return swatch(doc, mark.color, line("2 3"));
    case "band":
      return swatch(
        doc,
        mark.color,
        svg(doc, "rect", { class: "sw-key-band", x: 1, y: 1, width: 18, height: 10, rx: 2 }),
      );
    case "points":
      return swatch(
        doc,
        mark.color,
        svg(doc, "circle", { class: "sw-key-dot", cx: 10, cy: 6, r: 3.6 }),
      );
    case "marker":
      return swatch(
        doc,
        mark.color,
        svg(doc, "path", {
          class: "sw-symbol",
          d: symbolPath(mark.shape, 4.5),
          transform: "translate(10,6)",
        }),
      );
  }
}

function leftOutKey(doc: Document, color: string): SVGSVGElement {
  return swatch(
    doc,
    color,
    svg(doc, "circle", { class: "sw-key-out", cx: 10, cy: 6, r: 3.6 }),
    svg(doc, "path", { class: "sw-crosses", d: "M7.8,3.8L12.2,8.2M7.8,8.2L12.2,3.8" }),
  );
}
