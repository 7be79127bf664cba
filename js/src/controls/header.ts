// The title of a lab and, beside it, how things stand with the kernel.
import { html, setText } from "../dom";
import type { State } from "../questions";
import type { Facts, Spec } from "../spec";
import { Said } from "./said";

const TEXTS: Record<Exclude<State, "answered">, string> = {
  waiting: "refitting …",
  overdue: "the kernel has not answered; what you see is the browser's own refit",
  alone: "the browser's own refit: this page has no Python",
  lost: "the kernel has gone: what is a formula goes on; run the cell again for the rest",
};

export class Header {
  readonly node: HTMLElement;
  readonly #state: HTMLElement;
  readonly #said: Said;

  constructor(doc: Document, spec: Spec) {
    this.#state = html(doc, "div", { class: "sw-state", "aria-hidden": "true" });
    this.#said = new Said(doc);
    const words = html(doc, "div", { class: "sw-words" }, html(doc, "h2", {}, spec.title));
    if (spec.teaches) words.append(html(doc, "p", {}, spec.teaches));
    this.node = html(doc, "header", { class: "sw-header" }, words, this.#state, this.#said.node);
  }

  show(state: State, status: Facts["status"]): void {
    const answered = state === "answered";
    const text = answered ? (status?.text ?? "") : TEXTS[state];
    setText(this.#state, text);
    this.#said.say(text);
    this.#state.dataset["state"] = state;
    this.#state.dataset["level"] = answered ? (status?.level ?? "ok") : "note";
  }
}
