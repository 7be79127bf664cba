// Choices, switches and buttons.
import { html } from "../dom";
import type { Sheet } from "../engine/sheet";
import type { Action, Choice, Toggle } from "../spec";
import { type ControlEnv, type ControlView, NO_KERNEL } from "./control";

const SEGMENTS = 3; // options that still stand side by side
const SEGMENT_LETTERS = 34; // of all their labels together

export function choiceView(env: ControlEnv, choice: Choice): ControlView {
  const letters = choice.options.reduce((sum, { label }) => sum + label.length, 0);
  const few = choice.options.length <= SEGMENTS && letters <= SEGMENT_LETTERS;
  return few ? segments(env, choice) : select(env, choice);
}

function segments(env: ControlEnv, choice: Choice): ControlView {
  const { doc, signal, unique } = env;
  const idle = env.idle(choice.cell);
  const inputs = choice.options.map(({ value }) => {
    const input = html(doc, "input", {
      type: "radio",
      name: `${unique}-${choice.cell}`,
      value,
      disabled: idle,
    });
    input.addEventListener("change", () => env.set(choice.cell, value), { signal });
    return input;
  });
  const labels = choice.options.map(({ label }, i) =>
    html(doc, "label", {}, inputs[i], html(doc, "span", {}, label)),
  );
  const row = html(doc, "div", { class: "sw-segments" }, ...labels);
  const legend = html(doc, "legend", {}, choice.label);
  const node = html(
    doc,
    "fieldset",
    { class: "sw-choice", "data-cell": choice.cell, title: idle ? NO_KERNEL : choice.help },
    legend,
    row,
  );
  const show = (sheet: Sheet) => {
    const value = sheet.text(choice.cell);
    for (const input of inputs) input.checked = input.value === value;
  };
  return { node, show };
}

function select(env: ControlEnv, choice: Choice): ControlView {
  const { doc, signal, unique } = env;
  const id = `${unique}-${choice.cell}`;
  const idle = env.idle(choice.cell);
  const menu = html(doc, "select", { id, disabled: idle }, ...optionNodes(doc, choice));
  menu.addEventListener("change", () => env.set(choice.cell, menu.value), { signal });
  const node = html(
    doc,
    "div",
    { class: "sw-choice", "data-cell": choice.cell, title: idle ? NO_KERNEL : choice.help },
    html(doc, "label", { for: id }, choice.label),
    menu,
  );
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
    const parent = group === undefined ? undefined : groups.get(group);
    if (parent) parent.append(option);
    else if (group === undefined) nodes.push(option);
    else {
      groups.set(group, html(doc, "optgroup", { label: group }, option));
      nodes.push(groups.get(group)!);
    }
  }
  return nodes;
}

export function toggleView(env: ControlEnv, toggle: Toggle): ControlView {
  const { doc, signal } = env;
  const idle = env.idle(toggle.cell);
  const box = html(doc, "input", { type: "checkbox", role: "switch", disabled: idle });
  box.addEventListener("change", () => env.set(toggle.cell, box.checked), { signal });
  const node = html(
    doc,
    "label",
    { class: "sw-toggle", "data-cell": toggle.cell, title: idle ? NO_KERNEL : toggle.help },
    box,
    html(doc, "span", {}, toggle.label),
  );
  return { node, show: (sheet) => void (box.checked = sheet.get(toggle.cell) === 1) };
}

export function actionView(env: ControlEnv, action: Action): ControlView {
  const { doc, signal } = env;
  const node = html(
    doc,
    "button",
    { type: "button", class: "sw-action", title: action.help },
    action.label,
  );
  node.addEventListener(
    "click",
    () => {
      for (const [cell, value] of Object.entries(action.set)) env.set(cell, value as number);
    },
    { signal },
  );
  return { node, show: () => {} };
}
