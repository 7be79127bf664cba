// Known models on a slider's track: their names on hover, their values on click. They are no controls
// of their own: by keyboard the slider itself goes from one to the next, and the box takes any value.
import { html } from "../dom";
import type { Formatter } from "../format";
import type { Slider } from "../spec";
import { type ControlEnv, on } from "./control";
import { positionOf } from "./position";

export const TICK_KEYS = "Page Up and Page Down go to known models.";

type Marks = NonNullable<Slider["marks"]>;

export class Ticks {
  readonly node: HTMLElement;
  readonly #marks: Marks;
  readonly #texts: string[];

  constructor(env: ControlEnv, slider: Slider, write: Formatter, jump: (value: number) => void) {
    const { doc } = env;
    this.#marks = [...(slider.marks ?? [])].sort((a, b) => a.value - b.value);
    this.#texts = this.#marks.map(({ value }) => write(value));
    const ticks = this.#marks.map(({ value, label }) => {
      const at = positionOf(slider, value);
      // A name near an end of the track must not hang out of the column.
      const side = at < 0.25 ? " sw-from-left" : at > 0.75 ? " sw-from-right" : "";
      const name = html(doc, "span", {}, label);
      const tick = html(doc, "div", { class: `sw-tick${side}` }, name);
      tick.style.setProperty("--sw-share", at.toFixed(4));
      on(env, tick, "click", () => jump(value));
      return tick;
    });
    this.node = html(doc, "div", { class: "sw-marks", "aria-hidden": "true" }, ...ticks);
  }

  /** The name of the model whose value is shown as this text; its tick shows it too. */
  named(text: string): string | undefined {
    const at = this.#texts.indexOf(text);
    [...this.node.children].forEach((tick, i) => tick.classList.toggle("sw-at", i === at));
    return this.#marks[at]?.label;
  }

  /** Where a key leads to from a value; undefined where it is not one of these keys, or at the end. */
  next(value: number, key: string): number | undefined {
    return beside(this.#marks, value, key);
  }
}

/** The next larger of sorted marks by Page Up, the next smaller one by Page Down. */
export function beside(marks: Marks, value: number, key: string): number | undefined {
  if (key === "PageUp") return marks.find((mark) => mark.value > value * (1 + 1e-9))?.value;
  if (key !== "PageDown") return undefined;
  return marks.filter((mark) => mark.value < value * (1 - 1e-9)).at(-1)?.value;
}
