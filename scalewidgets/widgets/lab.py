"""Lab: moves values between traits and cells, answers the front end's questions, nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import polars as pl
import traitlets

from ..runs import DatasetError
from . import export
from .evaluate import Sheet
from .readouts import numbers
from .snapshot import snapshot
from .traits import check_input
from .vocabulary import Page, shared
from .wire import pack, unpack

_STATIC = Path(__file__).parent.parent / "static"
_ANSWERS = ("spec", "facts", "question", "problem")  # not for people to set


class Lab(anywidget.AnyWidget):
    """A live page of cells: inputs, facts from the kernel, formulas, and what is drawn from them.

    A lab of your own names its inputs as synced traits, says in :meth:`page` what is on the screen,
    and in :meth:`facts_now` what only the kernel knows. ``asks`` names the inputs that the kernel
    must answer; the others never leave the browser's clock.
    """

    _esm = _STATIC / "loader.js"
    _css = _STATIC / "lab.css"

    asks: ClassVar[tuple[str, ...]] = ()
    momentary: ClassVar[tuple[str, ...]] = ()
    """Facts that hold only for the inputs that they were asked for: a page without Python leaves
    them out when a hand has moved on. All others (constants, runs, draws) it works with."""

    _code = traitlets.Unicode((_STATIC / "lab.js").read_text(encoding="utf-8")).tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    question = traitlets.Int(0).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **inputs: Any) -> None:
        known = self._settable()
        for name in inputs:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else f" It takes {', '.join(known)}."
                raise TypeError(f"{type(self).__name__} has no input {name!r}.{hint}")
        self._asked_for: Hashable = None
        self._shown: Page | None = None
        self._page_kept: tuple[Hashable, Page] | None = None
        self._after: asyncio.Task[None] | None = None
        super().__init__(**inputs)
        self._answer()
        self.observe(self._on_question, names=[*self.asks, "question"])

    def _settable(self) -> list[str]:
        return [n for n in self.traits(sync=True) if not n.startswith("_") and n not in _ANSWERS]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._traits and name not in _ANSWERS:
            check_input(name, self._traits[name], value)
        super().__setattr__(name, value)

    # --- what a lab says ----------------------------------------------------------------------

    def page(self) -> Page:
        """What is on the screen; asked for again after each answer (the same object: no change)."""
        raise NotImplementedError

    def _page_for(self, key: Hashable, make: Callable[[], Page]) -> Page:
        """The page for what it depends on: made when that changes, and held once by equal labs."""
        if self._page_kept is None or self._page_kept[0] != key:
            self._page_kept = key, shared(make())
        return self._page_kept[1]

    def facts_now(self) -> Mapping[str, Any]:
        """What the kernel knows for the present inputs: name to number, array or list of strings.

        Raises
        ------
        ValueError
            Input from which nothing can be made: the text is shown under the lab, and the last good
            picture stays.
        """
        raise NotImplementedError

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        """More facts that take their time; dropped when a newer question comes."""
        return
        yield {}

    def status(self) -> tuple[str, str]:
        """Level (``ok``, ``note``, ``warning``, ``error``) and a short text about the answer."""
        return "ok", ""

    def key(self) -> Hashable:
        """The inputs that the answer depends on: nothing is computed twice for the same key."""
        return tuple(_hashable(getattr(self, name)) for name in self.asks)

    # --- questions and answers ----------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what the front end sends. Mistakes of those who listen to a lab's traits are told
        under it: no cell is running that could show them."""
        try:
            super().set_state(sync_data)
        except Exception as error:
            self._on_question(None)  # the one that raised may have come before the lab's own turn
            self.problem = f"in a callback of yours: {type(error).__name__}: {error}"
            raise  # into the log

    def _on_question(self, _change: object) -> None:
        if self.key() != self._asked_for:
            self._answer()
        elif self._serial() < self.question:
            self.facts = {**self.facts, "serial": self.question}

    def _serial(self) -> int:
        return int(self.facts.get("serial", -1))

    def _answer(self) -> None:
        """Computes and sends; a mistake is told, and what was on the screen stays."""
        self._asked_for = self.key()
        if self._after is not None:
            self._after.cancel()
        try:
            facts = self.facts_now()
            page = self.page()
        except KeyboardInterrupt:
            self._asked_for = None  # so that the same can be asked again
            if self.facts:
                self._tell("interrupted before it was answered: move a control to ask again")
            raise
        except Exception as error:
            if not self.facts:
                raise
            told = isinstance(error, ValueError | OSError | DatasetError)
            if not told:
                self.log.exception("scalewidgets: the lab could not answer")
            self._tell(str(error) if told else f"{type(error).__name__}: {error}")
            return
        self.problem = ""
        if page is not self._shown:
            self._shown, self.spec = page, page.spec
        self.facts = self._packed(facts)
        self._continue()

    def _tell(self, problem: str) -> None:
        """The question has its answer: a text under the last good picture."""
        self.problem = problem
        self.facts = {**self.facts, "serial": self.question}

    def _packed(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        numbers = {k: float(v) for k, v in facts.items() if isinstance(v, float | int)}
        strings = {k: v for k, v in facts.items() if isinstance(v, list)}
        arrays = {k: pack(v) for k, v in facts.items() if k not in numbers and k not in strings}
        level, text = self.status()
        return {
            "serial": self.question,
            "names": list(numbers),
            "numbers": pack(list(numbers.values())),
            "arrays": arrays,
            "strings": strings,
            "status": {"level": level, "text": text},
        }

    def _merge(self, more: Mapping[str, Any]) -> None:
        added = self._packed(more)
        numbers = dict(zip(self.facts["names"], _floats(self.facts["numbers"]), strict=True))
        numbers |= dict(zip(added["names"], _floats(added["numbers"]), strict=True))
        self.facts = {
            **added,
            "names": list(numbers),
            "numbers": pack(list(numbers.values())),
            "arrays": {**self.facts["arrays"], **added["arrays"]},
            "strings": {**self.facts["strings"], **added["strings"]},
        }

    def _continue(self) -> None:
        """Runs :meth:`facts_later` between the kernel's messages, or at once without a kernel."""
        try:
            self._after = asyncio.get_running_loop().create_task(self._drain())
        except RuntimeError:
            asyncio.run(self._drain())

    async def _drain(self) -> None:
        try:
            async for more in self.facts_later():
                self._merge(more)
        except Exception as error:
            self.log.exception("scalewidgets: the lab could not finish its answer")
            self.problem = f"{type(error).__name__}: {error}"

    def _finish(self) -> None:
        """All of the answer, now: a cell of a notebook cannot wait for what runs between cells."""
        if self._after is None or self._after.done():
            return
        self._after.cancel()
        # a loop of its own: the notebook's is busy with this cell. Sent from here, in one message
        with self.hold_sync(), ThreadPoolExecutor(1) as worker:
            worker.submit(asyncio.run, self._drain()).result()

    # --- for people ---------------------------------------------------------------------------

    def set(self, **inputs: Any) -> None:
        """Sets several inputs at once: one question, one answer."""
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in inputs.items():
                if not self.has_trait(name):
                    raise traitlets.TraitError(f"{type(self).__name__} has no input {name!r}")
                setattr(self, name, value)

    def sheet(self) -> Sheet:
        """All cells as the front end computes them, when the kernel's answer is complete."""
        self._finish()
        assert self._shown is not None  # a lab without a page could not be made
        host = anywidget.AnyWidget.class_traits()  # layout and the like
        names = [n for n in self._settable() if n not in host]
        return Sheet(self._shown, self.facts, {name: getattr(self, name) for name in names})

    @property
    def table(self) -> pl.DataFrame:
        """The numbers on the screen: ``table``, ``quantity``, ``value``, and the 95 % interval over
        the draws, ``low`` and ``high``, null where there is none."""
        return numbers(self.sheet())

    def snapshot(self) -> dict[str, Any]:
        """What the lab shows as plain JSON, to be compared by :mod:`scalewidgets.testing`.

        Returns
        -------
        dict
            ``lab``, ``title``, ``inputs``, ``status``; ``readouts`` (table to label to ``value``,
            ``text`` as shown, and the 95 % ``interval`` over the draws where there are any);
            ``plots`` (title to label to where it is drawn, a curve at five places); ``problem``
            where one is told. Numbers have six significant digits, None is not finite.
        """
        return snapshot(type(self).__name__, self.sheet(), self.facts["status"], self.problem)

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Writes a page with the live lab on it that needs no Python, no network and no server.

        Sliders, curves, bands, optima and the refit go on in the browser; what needs Python is
        switched off and says so. The page is one file of 150 to 180 kB; it may run its own script
        and nothing else (content security policy by hash).

        Parameters
        ----------
        path : str or path
            Of the file, which is replaced if it is there.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        file = Path(path)
        file.write_text(export.page(self), encoding="utf-8")
        return file

    def to_html(self) -> str:
        """The live lab as a fragment for the body of a page of your own, beside others.

        Where scripts are stripped a table of the readouts remains, with a picture where vl-convert
        is installed (``pip install scalewidgets[lab]``).
        """
        return export.fragment(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None and export.options.embed:
            bundle[0]["text/html"] = self.to_html()
        return bundle

    def __str__(self) -> str:
        return repr(self)


def _floats(packed: Mapping[str, Any]) -> list[float]:
    return [float(v) for v in unpack(packed)]


def _hashable(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return tuple(sorted((k, _hashable(v)) for k, v in value.items()))
    return tuple(value) if isinstance(value, list) else value
