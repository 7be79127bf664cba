// The column of controls: groups, and which of them can be seen.
import { html } from "../dom";
import type { Sheet } from "../engine/sheet";
import { inputKinds } from "../inputs";
import { isVisible } from "../plot/layer";
import type { Control, Slider, Spec } from "../spec";
import { actionView, choiceView, toggleView } from "./choice";
import type { ControlEnv, ControlView } from "./control";
import { copyView } from "./copy";
import { type Lock, SliderView } from "./slider";
import { textView } from "./text";

interface Shown {
  view: ControlView;
  visible: string | undefined;
}

export class Panel {
  readonly node: HTMLElement;
  readonly #groups: { node: HTMLElement; controls: Shown[] }[] = [];

  constructor(env: ControlEnv, spec: Spec) {
    const { doc } = env;
    this.node = html(doc, "div", { class: "sw-controls" });
    for (const group of spec.groups) {
      const controls = group.controls.map((control) => ({
        view: viewOf(env, control, spec),
        visible: control.visible,
      }));
      const node = html(
        doc,
        "section",
        { class: "sw-group", role: "group", "aria-label": group.label },
        html(doc, "h3", {}, group.label),
        ...controls.map(({ view }) => view.node),
      );
      this.#groups.push({ node, controls });
      this.node.append(node);
    }
  }

  show(sheet: Sheet): void {
    for (const { node, controls } of this.#groups) {
      let any = false;
      for (const { view, visible } of controls) {
        const hidden = !isVisible(sheet, visible);
        if (view.node.hidden !== hidden) view.node.hidden = hidden;
        if (hidden) continue;
        any = true;
        view.show(sheet);
      }
      if (node.hidden === any) node.hidden = !any;
    }
  }
}

function viewOf(env: ControlEnv, control: Control, spec: Spec): ControlView {
  switch (control.kind) {
    case "slider":
      return new SliderView(env, control, lockOf(env, control, spec));
    case "choice":
      return choiceView(env, control);
    case "toggle":
      return toggleView(env, control);
    case "text":
      return textView(env, control);
    case "action":
      return actionView(env, control);
    case "copy":
      return copyView(env, control, inputKinds(spec));
  }
}

function lockOf(env: ControlEnv, slider: Slider, { links }: Spec): Lock | undefined {
  const { cell, label, handle } = slider;
  if (handle) {
    const { held, follows } = handle;
    let sheet: Sheet | undefined;
    return {
      help: `Fix ${label} at this value, or let it go back to the fit`,
      locked: (seen) => (sheet = seen).get(held) === 1,
      press: () => {
        const locked = sheet?.get(held) === 1;
        if (sheet && !locked) env.set(cell, sheet.get(follows));
        env.set(held, !locked);
      },
    };
  }
  const link = links.find(({ product, a, b }) => [product, a, b].includes(cell));
  return (
    link && {
      help: `Hold ${label}: it stays when another of the three is moved`,
      locked: (sheet) => sheet.text(link.hold) === cell,
      press: () => env.set(link.hold, cell),
    }
  );
}
