"""The code samples of a page: found, run in order, and held to the outputs that the page shows.

``python docs/sitegen/samples.py PAGE.md`` runs those of one page in the present directory. A sample
is a block of ``python``. One whose first line is ``# Not run in the tests: <why>.`` is only
compiled. A block of ``text`` that follows a sample is what the sample prints.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOT_RUN = re.compile(r"# Not run in the tests: (.+)\.")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_FRACTION = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Sample:
    """A block of Python; ``line`` is that of its first line in the page, from 1."""

    line: int
    code: str
    output: str | None = None

    @property
    def not_run(self) -> str | None:
        """Why it is not run; None when it is."""
        found = NOT_RUN.fullmatch(self.code.partition("\n")[0])
        return found and found[1]


def samples(text: str) -> list[Sample]:
    """The samples of a page in Markdown, in order."""
    found: list[Sample] = []
    end = 0
    for block in _BLOCK.finditer(text):
        language, content = block.groups()
        if language == "python":
            found.append(Sample(text.count("\n", 0, block.start(2)) + 1, content))
        elif language == "text" and found and not text[end : block.start()].strip():
            found[-1] = Sample(found[-1].line, found[-1].code, content)
        end = block.end()
    return found


def run(page: Path) -> Mapping[str, Any]:
    """Runs a page's samples in one fresh namespace, which is returned.

    Raises
    ------
    AssertionError
        When a sample prints something else than the page shows.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    for sample in samples(page.read_text(encoding="utf-8")):
        # blank lines before it: a traceback then names the line of the page
        code = compile("\n" * (sample.line - 1) + sample.code, str(page), "exec")
        if sample.not_run:
            continue
        with redirect_stdout(io.StringIO()) as printed:
            exec(code, names)  # noqa: S102 - our own pages
        if sample.output is not None and _rounded(printed.getvalue()) != _rounded(sample.output):
            raise AssertionError(
                f"{page.name}, line {sample.line}: the sample prints\n{printed.getvalue()}\n"
                f"and the page shows\n{sample.output}"
            )
    return names


def _rounded(output: str) -> str:
    """An output to six digits: in those beyond processors and BLAS builds may differ."""
    return _FRACTION.sub(lambda found: f"{float(found[0]):.6g}", output).strip()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
