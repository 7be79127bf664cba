// Choices, switches and buttons.
import { html } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Action, Choice, Copy, Toggle } from "../spec";
import { type ControlEnv, type ControlView, described, frame, on } from "./control";

const SEGMENTS = 3; // options that still stand side by side
const SEGMENT_LETTERS = 34; // of all their labels together

export function choiceView(env: ControlEnv, choice: Choice): ControlView {
  const letters = choice.options.reduce((sum, { label }) => sum + label.length, 0);
  const few = choice.options.length <= SEGMENTS && letters <= SEGMENT_LETTERS;
  return few ? segments(env, choice) : select(env, choice);
}

function segments(env: ControlEnv, choice: Choice): ControlView {
  const { doc, unique } = env;
  const disabled = env.idle(choice.cell);
  const inputs = choice.options.map(({ value }) => {
    const name = `${unique}-${choice.cell}`;
    const input = html(doc, "input", { type: "radio", name, value, disabled });
    on(env, input, "change", () => env.set(choice.cell, value));
    return input;
  });
  const labels = choice.options.map(({ label }, i) =>
    html(doc, "label", {}, inputs[i], html(doc, "span", {}, label)),
  );
  const row = html(doc, "div", { class: "sw-segments" }, ...labels);
  const legend = html(doc, "legend", {}, choice.label);
  const node = frame(env, choice, "fieldset", "sw-choice", legend, row);
  const show = (sheet: Sheet) => {
    const value = sheet.text(choice.cell);
    for (const input of inputs) input.checked = input.value === value;
  };
  return { node, show };
}

function select(env: ControlEnv, choice: Choice): ControlView {
  const { doc, unique } = env;
  const id = `${unique}-${choice.cell}`;
  const disabled = env.idle(choice.cell);
  const aria = { "aria-description": described(env, choice) };
  const menu = html(doc, "select", { id, disabled, ...aria }, ...optionNodes(doc, choice));
  on(env, menu, "change", () => env.set(choice.cell, menu.value));
  const label = html(doc, "label", { for: id }, choice.label);
  const node = frame(env, choice, "div", "sw-choice", label, menu);
  const show = (sheet: Sheet) => {
    const value = sheet.text(choice.cell);
    if (menu.value !== value) menu.value = value;
  };
  return { node, show };
}

/** The options of a menu, those of a group under its name. */
function optionNodes(doc: Document, { options }: Choice): HTMLElement[] {
  const groups = new Map<string, HTMLElement>();
  const nodes: HTMLElement[] = [];
  for (const { value, label, group } of options) {
    const option = html(doc, "option", { value }, label);
    if (group === undefined) {
      nodes.push(option);
      continue;
    }
    const parent = groups.get(group) ?? html(doc, "optgroup", { label: group });
    if (!groups.has(group)) nodes.push(parent);
    groups.set(group, parent);
    parent.append(option);
  }
  return nodes;
}

export function toggleView(env: ControlEnv, toggle: Toggle): ControlView {
  const { doc } = env;
  const disabled = env.idle(toggle.cell);
  const aria = { role: "switch", "aria-description": described(env, toggle) };
  const box = html(doc, "input", { type: "checkbox", disabled, ...aria });
  on(env, box, "change", () => env.set(toggle.cell, box.checked));
  const node = frame(env, toggle, "label", "sw-toggle", box, html(doc, "span", {}, toggle.label));
  return { node, show: (sheet) => void (box.checked = sheet.get(toggle.cell) === 1) };
}

export function actionView(env: ControlEnv, action: Action): ControlView {
  const node = buttonOf(env, action);
  on(env, node, "click", () => {
    for (const [cell, value] of Object.entries(action.set)) env.set(cell, value as number);
  });
  return { node, show: () => {} };
}

export function buttonOf({ doc }: ControlEnv, { label, help }: Action | Copy): HTMLButtonElement {
  return html(doc, "button", { type: "button", class: "sw-action", title: help }, label);
}
