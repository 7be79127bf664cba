// A button that puts a text on the clipboard, the present values of cells written into it.
import { html, setText } from "../dom";
import type { Sheet } from "../engine/sheet";
import { held, type InputValue, type Kind } from "../inputs";
import type { Copy } from "../spec";
import { buttonOf } from "./choice";
import { type ControlEnv, type ControlView, on } from "./control";

const SAID = 2000; // ms

export function copyView(env: ControlEnv, copy: Copy, kinds: Map<string, Kind>): ControlView {
  const { doc } = env;
  const button = buttonOf(env, copy);
  const said = html(doc, "span", { class: "sw-unit", role: "status" });
  const box = html(doc, "textarea", { rows: 5, readonly: true, "aria-label": copy.label });
  box.hidden = true;
  let sheet: Sheet;
  on(env, button, "click", async () => {
    const valueOf = (cell: string) => held(sheet, cell, kinds.get(cell) ?? "number");
    const text = filled(sheet.strings(copy.text)[0] ?? "", valueOf);
    box.value = text;
    box.hidden = await taken(doc, text);
    setText(said, box.hidden ? "copied" : "press Ctrl or Cmd and C");
    if (box.hidden) setTimeout(() => setText(said, ""), SAID);
    else box.select();
  });
  const node = html(doc, "div", { class: "sw-copy" }, button, " ", said, box);
  return { node, show: (seen) => void (sheet = seen) };
}

/** True when the clipboard took it. On a page without a secure origin there is none to ask. */
async function taken(doc: Document, text: string): Promise<boolean> {
  try {
    await doc.defaultView!.navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The text with values for `{cell}`; `{{` and `}}` are braces. */
export function filled(text: string, valueOf: (cell: string) => InputValue): string {
  return text.replace(/\{\{|\}\}|\{([^{}]+)\}/g, (found, cell?: string) =>
    cell === undefined ? found[0] : written(valueOf(cell)),
  );
}

/** A value as Python writes it. */
function written(value: InputValue): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : `float("${value}")`;
  return `[${value.map(written).join(", ")}]`;
}
