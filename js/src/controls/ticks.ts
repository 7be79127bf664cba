// Known models on a slider's track: their names on hover and focus, their values on click.
import { html } from "../dom";
import type { Slider } from "../spec";
import { type ControlEnv, on } from "./control";
import { positionOf } from "./position";

export class Ticks {
  readonly node: HTMLElement;

  constructor(env: ControlEnv, slider: Slider, jump: (value: number) => void) {
    const { doc } = env;
    const marks = [...(slider.marks ?? [])].sort((a, b) => a.value - b.value);
    const buttons = marks.map(({ value, label }) => {
      const at = positionOf(slider, value);
      // A name near an end of the track must not hang out of the column.
      const side = at < 0.25 ? " sw-from-left" : at > 0.75 ? " sw-from-right" : "";
      const tick = html(
        doc,
        "button",
        { type: "button", class: `sw-tick${side}`, tabindex: -1, "aria-label": label },
        html(doc, "span", {}, label),
      );
      tick.style.setProperty("--sw-share", at.toFixed(4));
      on(env, tick, "click", () => jump(value));
      return tick;
    });
    const label = `Known models: ${slider.label}`;
    this.node = html(doc, "div", { class: "sw-marks", role: "group", "aria-label": label });
    this.node.append(...buttons);
    rove(env, this.node, buttons);
  }
}

/** One stop for the Tab key; the arrow keys walk inside. */
function rove(env: ControlEnv, node: HTMLElement, buttons: HTMLButtonElement[]): void {
  let at = 0;
  if (buttons.length > 0) buttons[0].tabIndex = 0;
  on(env, node, "keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    at = Math.min(buttons.length - 1, Math.max(0, at + step));
    buttons[at].tabIndex = 0;
    buttons[at].focus();
  });
}
