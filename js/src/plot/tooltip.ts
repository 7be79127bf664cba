// A small note beside what is under the hand or the keyboard cursor.
import { html } from "../dom";

export class Tooltip {
  readonly node: HTMLElement;

  constructor(private readonly doc: Document) {
    this.node = html(doc, "div", { class: "sw-tooltip", role: "presentation" });
    this.node.hidden = true;
  }

  /** The first line is the heading. `x` and `y` are pixels in the element that holds the note. */
  show(lines: readonly string[], x: number, y: number, width: number): void {
    this.node.replaceChildren(...lines.map((line) => html(this.doc, "div", {}, line)));
    this.node.hidden = false;
    const right = x < width / 2;
    this.node.style.left = right ? `${x + 12}px` : "";
    this.node.style.right = right ? "" : `${width - x + 12}px`;
    this.node.style.top = `${Math.max(0, y - 10)}px`;
  }

  hide(): void {
    this.node.hidden = true;
  }
}
