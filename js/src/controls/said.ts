// What a screen reader says of its own accord: only a text that has stood for a moment, so that a
// drag, which changes it in every frame, is not talked through.
import { html, setText } from "../dom";

const REST = 900; // ms

export class Said {
  readonly node: HTMLElement;
  #text: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(doc: Document) {
    this.node = html(doc, "div", { class: "sw-said", role: "status" });
  }

  /** The first text is there at once: it comes with the page and is no news. */
  say(text: string): void {
    if (text === this.#text) return;
    const wait = this.#text === undefined ? 0 : REST;
    this.#text = text;
    clearTimeout(this.#timer);
    if (wait === 0) setText(this.node, text);
    else this.#timer = setTimeout(() => setText(this.node, text), wait);
  }
}
