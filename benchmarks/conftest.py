"""The table at the end of the kernel benchmarks: each row beside ours, and how far off it ended."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import pytest

HEAD = f"{'':34}{'CPU time':>12}{'times ours':>12}{'off by':>12}  says"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ten-million", action="store_true", help="also fit ten million runs")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    # a test that failed has no figures, or did not come to say what it reached
    timed = [bench for bench in getattr(session, "benchmarks", []) if bench and not bench.has_error]
    if not timed:
        return
    terminalreporter.section("beside ours")
    terminalreporter.write_line(HEAD)
    for group, rows in groupby(timed, key=lambda bench: bench.group):
        for line in table(group, list(rows)):
            terminalreporter.write_line(line)
    terminalreporter.write_line(
        "off by: the objective reached over the least that any method reached, less one; the worst"
        " of the problems. Cold fit of Chinchilla's runs: over their known optimum."
    )


def table(group: str, rows: list[Any]) -> Iterable[str]:
    """Lines for one group; the first row is ours."""
    note = rows[0].extra_info.get("note")
    yield f"{group} ({note})" if note else group
    ours = seconds(rows[0])
    best = lowest(rows)
    for row in rows:
        name = row.extra_info.get("name") or row.param or ("ours" if row is rows[0] else "by hand")
        line = f"  {name:32}{text(seconds(row)):>12}{seconds(row) / ours:>12.2f}"
        off = f"{off_by(row, best):.0e}" if "values" in row.extra_info else ""
        yield f"{line}{off:>12}  {said(row)}".rstrip()


def off_by(row: Any, best: list[float]) -> float:
    """How far a row ended above the best, relative, in the worst of its problems."""
    return max(
        0.0, *(float(v) / b - 1 for v, b in zip(row.extra_info["values"], best, strict=True))
    )


def said(row: Any) -> str:
    """What the method, or the benchmark about it, says."""
    if "says" in row.extra_info:
        return str(row.extra_info["says"])
    words = {True: "success", False: "no success", None: "nothing"}
    return words[row.extra_info["success"]] if "success" in row.extra_info else ""


def seconds(row: Any) -> float:
    """Median time of a row; where it did some of many resamples, what all would take."""
    if "of" in row.extra_info:
        return float(row["mean"]) * int(row.extra_info["of"])
    return float(row["median"])


def lowest(rows: list[Any]) -> list[float]:
    """The least objective for each problem of a group; the known optimum where there is one."""
    if "optimum" in rows[0].extra_info:
        return [float(rows[0].extra_info["optimum"])]
    reached = [row.extra_info["values"] for row in rows if "values" in row.extra_info]
    return [min(column) for column in zip(*reached, strict=True)]


def text(duration: float) -> str:
    return f"{duration:.2f} s" if duration >= 1 else f"{1000 * duration:.2f} ms"
