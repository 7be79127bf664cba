// A value on a track, with a box to type it and the marks of known models.
import { html, setText, svg } from "../dom";
import type { Sheet } from "../engine/sheet";
import { type Formatter, formatter, withUnit } from "../format";
import type { Slider } from "../spec";
import { type ControlEnv, type ControlView, described, frame, on } from "./control";
import { LOG_STEP, positionOf, typed, valueAt } from "./position";
import { TICK_KEYS, Ticks } from "./ticks";

const UNKNOWN = { "aria-valuetext": "no value yet" };

/** What keeps a slider where it is: the link of which it is the held one, or a hand on a handle. */
export interface Lock {
  locked(sheet: Sheet): boolean;
  press(): void;
  help: string;
}

export class SliderView implements ControlView {
  readonly node: HTMLElement;
  readonly #track: HTMLInputElement;
  readonly #box: HTMLInputElement;
  readonly #note: HTMLElement;
  readonly #padlock: HTMLButtonElement | null;
  readonly #ticks: Ticks | undefined;
  readonly #write: Formatter;
  #value = NaN;
  #typing = false;

  constructor(
    private readonly env: ControlEnv,
    private readonly slider: Slider,
    private readonly lock: Lock | undefined,
  ) {
    const { doc, unique } = env;
    this.#write = formatter(slider.format);
    const id = `${unique}-${slider.cell}`;
    this.#track = html(doc, "input", { type: "range", id, ...this.#limits(), ...UNKNOWN });
    this.#box = html(doc, "input", {
      type: "text",
      class: "sw-box",
      "aria-label": withUnit(slider.label, slider.unit && `in ${slider.unit}`),
      autocomplete: "off",
      spellcheck: "false",
      size: 7,
    });
    this.#note = html(doc, "div", { class: "sw-note", role: "alert" });
    this.#note.hidden = true;
    this.#padlock = lock ? padlock(env, slider, lock) : null;
    const label = html(doc, "label", { for: id, title: slider.help }, slider.label);
    const unit = html(doc, "span", { class: "sw-unit" }, slider.unit);
    const head = html(doc, "div", { class: "sw-head" }, label);
    if (this.#padlock) head.append(this.#padlock);
    head.append(this.#box, unit);
    const { cell } = slider;
    this.node = frame(env, { cell }, "div", "sw-slider", head, this.#track);
    if (slider.marks?.length) {
      this.#ticks = new Ticks(env, slider, this.#write, (value) => this.#move(value));
      this.node.append(this.#ticks.node);
    }
    const about = [described(env, slider), this.#ticks && TICK_KEYS].filter(Boolean).join(" ");
    if (about) this.#track.setAttribute("aria-description", about);
    this.node.append(this.#note);
    this.#track.disabled = this.#box.disabled = env.idle(cell);
    this.#listen();
  }

  #limits(): Record<string, number | string> {
    const { scale, domain, step } = this.slider;
    if (scale === "log") return { min: 0, max: 1, step: LOG_STEP };
    return { min: domain[0], max: domain[1], step: step ?? "any" };
  }

  #listen(): void {
    const { slider, env } = this;
    on(env, this.#track, "input", () => {
      const at = Number(this.#track.value);
      this.#move(slider.scale === "log" ? valueAt(slider, at) : at);
    });
    on(env, this.#track, "keydown", (event) => {
      const value = this.#ticks?.next(this.#value, event.key);
      if (value === undefined) return;
      event.preventDefault();
      this.#move(value);
    });
    on(env, this.#box, "input", () => (this.#typing = true));
    on(env, this.#box, "change", () => this.#takeTyped());
    on(env, this.#box, "focus", () => this.#box.select());
    on(env, this.#box, "keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#typing = false;
      this.#say("");
      this.#box.value = this.#write(this.#value);
    });
  }

  /** To move a handle is to hold it. */
  #move(value: number): void {
    const { cell, handle } = this.slider;
    this.env.set(cell, value);
    if (handle) this.env.set(handle.held, true);
  }

  #takeTyped(): void {
    const { slider } = this;
    this.#typing = false;
    if (this.#box.value === this.#write(this.#value)) return;
    const value = typed(slider, this.#box.value, (v) => withUnit(this.#write(v), slider.unit));
    if (typeof value === "number") {
      this.#say("");
      this.#move(value);
      return;
    }
    this.#say(`Not changed: ${value}.`);
    this.#box.value = this.#write(this.#value);
  }

  #say(text: string): void {
    this.#note.hidden = text === "";
    setText(this.#note, text);
  }

  show(sheet: Sheet): void {
    const { slider } = this;
    const locked = this.lock?.locked(sheet) ?? false;
    const value = sheet.get(slider.handle && !locked ? slider.handle.follows : slider.cell);
    this.#padlock?.setAttribute("aria-pressed", String(locked));
    this.node.classList.toggle("sw-held", locked);
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#say("");
    const share = positionOf(slider, value);
    const text = this.#write(value);
    this.#track.value = String(slider.scale === "log" ? share : value);
    this.#track.style.setProperty("--sw-share", share.toFixed(4));
    const model = this.#ticks?.named(text);
    const said = withUnit(text, slider.unit);
    this.#track.setAttribute("aria-valuetext", model ? `${said}, ${model}` : said);
    if (!this.#typing) this.#box.value = text;
  }
}

function padlock(env: ControlEnv, slider: Slider, lock: Lock): HTMLButtonElement {
  const { doc } = env;
  const button = html(
    doc,
    "button",
    { type: "button", class: "sw-lock", "aria-label": `Hold ${slider.label}`, title: lock.help },
    svg(
      doc,
      "svg",
      { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
      svg(doc, "rect", { x: 2, y: 5.4, width: 8, height: 5.6, rx: 1.2 }),
      svg(doc, "path", { d: "M3.8,5.4V3.6a2.2,2.2 0 0 1 4.4,0V5.4" }),
    ),
  );
  on(env, button, "click", () => lock.press());
  return button;
}
