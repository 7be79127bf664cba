"""How far the browser's quick refit lies from the exact answer that replaces it."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from scalewidgets.lawbook import closed_form
from scalewidgets.runs import load_runs
from tests.browser.jupyter import LabPage

# The Explorer with its constants among its readouts, in full.
SPELLED = """
from dataclasses import replace
import scalewidgets as sw
from scalewidgets.widgets.vocabulary import Readout, Table

class Spelled(sw.Explorer):
    def page(self):
        page = super().page()
        constants = [Readout(name, name, ".17g") for name in self._free]
        return replace(page, tables=[*page.tables, Table("Constants", constants)])

lab = Spelled(dataset={dataset!r})
lab
"""

# What each frame shows: whether Python's answer is awaited, and the constants.
LISTEN = """(names) => {
  const text = (selector) => document.querySelector(selector).textContent;
  const constant = (name) => [name, Number(text(`tr[data-cell="${name}"] .sw-value`))];
  window.shown = [];
  document.addEventListener("sw-frame", () => {
    const { state } = document.querySelector(".sw-state").dataset;
    shown.push({ state, constants: Object.fromEntries(names.map(constant)) });
  }, true);
}"""

ANSWERED = """() => {
  const states = shown.map(({ state }) => state);
  return states.includes("waiting") && states.at(-1) === "answered";
}"""


class Spelled:
    """A notebook with the Explorer that spells its constants out, on one data set."""

    def __init__(self, page: LabPage, dataset: str) -> None:
        self._page = page.page
        self._law = closed_form(page.value("lab.fit.law.id"))
        self._runs = load_runs(dataset)
        self._page.evaluate(LISTEN, page.value("lab._free"))

    def gap(self, place: Sequence[float]) -> float:
        """Click on a run: the largest difference of log predicted loss over all runs, between the
        browser's refit in the frame of the click and Python's answer."""
        self._page.evaluate("shown.length = 0")
        self._page.mouse.click(*place)
        self._page.wait_for_function(ANSWERED)
        frames = cast(list[dict[str, Any]], self._page.evaluate("shown"))
        quick = next(frame for frame in frames if frame["state"] == "waiting")
        logs = [self._log_loss(frame["constants"]) for frame in (quick, frames[-1])]
        return float(np.abs(logs[0] - logs[1]).max())

    def _log_loss(self, constants: dict[str, float]) -> Any:
        law = self._law.with_constants(**constants)
        return np.log(law.predict(N=self._runs["N"].to_numpy(), D=self._runs["D"].to_numpy()))
