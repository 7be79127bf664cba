// A line of text that is sent as it is typed, with what is wrong about it below.
import { html, setText } from "../dom";
import type { Text } from "../spec";
import { type ControlEnv, type ControlView, NO_KERNEL } from "./control";

export function textView(env: ControlEnv, text: Text): ControlView {
  const { doc, signal, unique } = env;
  const id = `${unique}-${text.cell}`;
  const idle = env.idle(text.cell);
  const box = html(doc, "textarea", { id, rows: 2, spellcheck: "false", disabled: idle });
  const note = html(doc, "pre", { class: "sw-note", role: "alert" });
  box.addEventListener("input", () => env.set(text.cell, box.value), { signal });
  box.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") event.preventDefault(); // one line, however it is wrapped
    },
    { signal },
  );
  const node = html(
    doc,
    "div",
    { class: "sw-text", "data-cell": text.cell, title: idle ? NO_KERNEL : text.help },
    html(doc, "label", { for: id }, text.label),
    box,
    note,
  );
  return {
    node,
    show: (sheet) => {
      const value = sheet.text(text.cell);
      if (box.value !== value) box.value = value;
      const mistake = sheet.text(text.mistake);
      note.hidden = mistake === "";
      setText(note, mistake);
      box.setAttribute("aria-invalid", String(mistake !== ""));
    },
  };
}
