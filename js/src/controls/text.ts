// A line of text that is sent as it is typed, with what is wrong about it below.
import { html, setText } from "../dom";
import type { Text } from "../spec";
import { type ControlEnv, type ControlView, described, frame, on } from "./control";
import { Said } from "./said";

export function textView(env: ControlEnv, text: Text): ControlView {
  const { doc, unique } = env;
  const id = `${unique}-${text.cell}`;
  const disabled = env.idle(text.cell);
  const aria = { "aria-describedby": `${id}-note`, "aria-description": described(env, text) };
  const box = html(doc, "textarea", { id, rows: 2, spellcheck: "false", disabled, ...aria });
  const note = html(doc, "pre", { class: "sw-note", id: `${id}-note` });
  const said = new Said(doc);
  on(env, box, "input", () => env.set(text.cell, box.value));
  on(env, box, "keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // one line, however it is wrapped
  });
  const label = html(doc, "label", { for: id }, text.label);
  const node = frame(env, text, "div", "sw-text", label, box, note, said.node);
  return {
    node,
    show: (sheet) => {
      const value = sheet.text(text.cell);
      if (box.value !== value) box.value = value;
      const mistake = sheet.text(text.mistake);
      note.hidden = mistake === "";
      setText(note, mistake);
      said.say(mistake);
      box.setAttribute("aria-invalid", String(mistake !== ""));
    },
  };
}
