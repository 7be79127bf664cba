"""A lab in a plain page whose kernel is the test: what the page sends is kept, and each answer
comes when the test gives it, early, late, damaged or never.

The model has what anywidget's has. Python's half of the lab lives in the test.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from playwright.sync_api import ConsoleMessage, Page

import scalewidgets as sw
from scalewidgets.widgets import export

from .jupyter import LabPage
from .lab import TWO_FRAMES, Lab

ANSWERS = ("spec", "facts", "problem")
# Bytes travel in JSON as exported pages have them, and arrive as ipywidgets hands them on.
MODEL = """
class Model {
  heard = []; changed = {}; sent = []; refuses = false;
  constructor(state) { this.state = state; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (Object.is(this.state[name], value)) return;
    this.changed[name] = value;
    this.take({ [name]: value });
  }
  save_changes() {
    if (this.refuses) throw new Error("the comm is closed");
    this.sent.push(this.changed);
    this.changed = {};
  }
  on(event, callback) { this.heard.push({ event, callback }); }
  off(event, callback) {
    this.heard = this.heard.filter((h) => h.event !== event || h.callback !== callback);
  }
  tell(event) {
    for (const h of [...this.heard]) if (h.event === event) h.callback();
  }
  take(state) {
    Object.assign(this.state, state);
    for (const name of Object.keys(state)) this.tell(`change:${name}`);
  }
}
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const decoded = (text) =>
  JSON.parse(text, (_, v) => (typeof v?.base64 === "string" ? bytes(v.base64) : v));
"""
MOUNT = """async ([code, text, views]) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  window.model = new Model(decoded(text));
  window.dispose = [];
  for (let i = 0; i < views; i++) {
    const el = document.body.appendChild(document.createElement("div"));
    window.dispose.push(await widget.render({ model: window.model, el }));
  }
}"""


class HandKernel:
    """A lab on ``page``, in one view or more.

    Attributes
    ----------
    lab : Python's half, which hears only what :meth:`answer` is given
    views : the halves on the screen
    complaints : what the page wrote into its console, and uncaught errors
    """

    def __init__(self, page: Page, folder: Path, lab: sw.Lab, views: int = 1) -> None:
        self.page, self.lab = page, lab
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        lab._finish()
        self._told = {name: getattr(lab, name) for name in ANSWERS}
        state = export._saved(lab)["state"]
        code, css = (str(lab.get_state(name)[name]) for name in ("_code", "_css"))
        file = folder / "page.html"
        start = f"<!doctype html><meta charset=utf-8><style>{css}</style><script>{MODEL}</script>"
        file.write_text(start, "utf-8")
        page.goto(file.as_uri())
        page.evaluate(MOUNT, [code, export._json(state), views])
        self.views = [Lab(cast(LabPage, SimpleNamespace(page=page)), i) for i in range(views)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def asked(self) -> list[dict[str, Any]]:
        """What the page has sent since this was last asked."""
        self.page.evaluate(TWO_FRAMES)
        return cast(list[dict[str, Any]], self.page.evaluate("window.model.sent.splice(0)"))

    def answer(self, message: dict[str, Any], **instead: Any) -> None:
        """Python hears a message, and the page what comes of it (or ``instead`` of that)."""
        self.lab.set_state(message)
        self.lab._finish()
        now = {name: getattr(self.lab, name) for name in ANSWERS}
        changed = {name: value for name, value in now.items() if value is not self._told[name]}
        self._told = now
        self.give(changed | instead)

    def give(self, state: dict[str, Any]) -> None:
        """The page hears these traits; returns when what follows is drawn."""
        self.page.evaluate("(text) => window.model.take(decoded(text))", export._json(state))
        self.page.evaluate(TWO_FRAMES)

    def listeners(self) -> int:
        """How many of the lab's functions the model would call."""
        return int(self.page.evaluate("window.model.heard.length"))
