"""Drag to paint in JupyterLab: the Explorer beside the bare comm, interact and JupyterChart.

Run from the repository's root: ``python -m benchmarks.browser [--events 240] [--json FILE]``.
README.md beside this file says what each row means. Nothing is asserted: the targets are printed
next to what was measured.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, median, quantiles

from playwright.sync_api import Browser

from tests.browser.jupyter import LabPage, Server, start_server

from .cells import CHARTS, ECHO, EXPLORER
from .exactness import SPELLED, Spelled
from .hands import (
    LONELY_RUNS,
    SWEEP,
    Log,
    Mouse,
    click,
    latencies,
    open_chromium,
    pictures,
    record,
    sweep,
    trip,
    work,
)

TRACK = '.sw-slider[data-cell="C"] input[type=range]'
TRIPS = 20  # bare round trips a turn, after one that does not count
LONELY = 8  # runs that are clicked out and in again

TARGETS = """\
Targets (issue 2): slider p50 <= 16.7 ms and p95 <= 33.3 ms; own JavaScript <= 4 ms a frame with
bands of 200 draws; exact refit <= bare round trip + 15 ms; 10 times ahead of interact and
JupyterChart."""


@dataclass
class Row:
    """One line: its times in milliseconds, and what else is worth saying."""

    name: str
    times: list[float]
    more: dict[str, float] = field(default_factory=dict)

    @property
    def p50(self) -> float:
        return median(self.times)

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20, method="inclusive")[-1]


class Bench:
    """A server and a browser, and how a notebook is opened in them."""

    def __init__(self, server: Server, browser: Browser, port: int) -> None:
        self.server = server
        self.browser = browser
        self.port = port

    def open(self, *cells: str) -> LabPage:
        page = LabPage(self.server, self.browser)
        page.open_notebook(cells)
        page.run_all()
        return page


class Dragged:
    """A notebook with a slider, and what came of dragging it to and fro."""

    def __init__(self, bench: Bench, name: str, cells: Sequence[str], control: str | None) -> None:
        self.name = name
        self.page = bench.open(*cells)
        self.page.page.wait_for_selector(control or ".noUi-handle")
        record(self.page, control)
        self._mouse = Mouse(self.page, bench.port)
        self._session = self.page.page.context.new_cdp_session(self.page.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for direction in (-1, 1):  # to warm everything up
            sweep(self.page, self._mouse, direction)
        self.logs: list[Log] = []
        self._tasks = self._scripts = 0.0

    def sweep(self, direction: int) -> None:
        self.page.page.bring_to_front()
        tasks, scripts = work(self._session)
        self.logs.append(sweep(self.page, self._mouse, direction))
        after = work(self._session)
        self._tasks += after[0] - tasks
        self._scripts += after[1] - scripts

    def times(self, painted: str = "drawing", since: str = "at") -> list[float]:
        return [time for log in self.logs for time in latencies(log, painted, since)]

    def row(self) -> Row:
        found = Row(self.name, self.times())
        if len(found.times) < sum(len(log["inputs"]) for log in self.logs):
            raise RuntimeError(f"{self.name}: the slider moved and was never drawn")
        found.more = {
            "since the page heard": median(self.times(since="heard")),
            "pictures/s": mean(pictures(log) for log in self.logs),
            "page's CPU ms/event": self._tasks / len(found.times),
            "of it scripts": self._scripts / len(found.times),
        }
        return found


def drag(bench: Bench, dataset: str, sweeps: int) -> tuple[list[Row], list[Row], Row]:
    """Sliders: ours first, then the charts; rows about ours; and bare trips.

    All take turns, so that whatever else the machine does falls on all of them.
    """
    ours = Dragged(bench, "Explorer", [EXPLORER.format(dataset=dataset)], TRACK)
    charts = [Dragged(bench, name, cells, None) for name, cells in CHARTS.items()]
    echo = bench.open(ECHO)
    echo.page.wait_for_selector(".echo", state="attached")
    bare = Row("bare comm round trip, 20 in a row", [])
    for i in range(sweeps):
        for one in (ours, *charts):
            one.sweep(1 if i % 2 else -1)
        echo.page.bring_to_front()
        bare.times += [trip(echo) for _ in range(TRIPS + 1)][1:]
    inside = [
        Row("band of 200 draws painted", ours.times("band")),
        Row("own script a frame", [time for log in ours.logs for time in log["frames"]]),
    ]
    rows = [one.row() for one in (ours, *charts)]
    for page in (echo, *(one.page for one in (ours, *charts))):
        page.close()
    return rows, inside, bare


def refit(bench: Bench, dataset: str) -> list[Row]:
    """Clicks on runs, each followed by a bare round trip in the same notebook."""
    page = bench.open(EXPLORER.format(dataset=dataset), ECHO)
    page.page.wait_for_selector(".echo", state="attached")
    page.page.locator(".sw-lab").scroll_into_view_if_needed()
    record(page, TRACK)
    crossed, answered, bare = [], [], []
    places = page.page.evaluate(LONELY_RUNS, LONELY)
    for place in 2 * [run for run in places for _ in range(2)]:
        settle(page)
        shown, exact = click(page, place)
        crossed.append(shown)
        answered.append(exact)
        settle(page)
        bare.append(trip(page))
    page.close()
    return [
        Row("the same, alone in a quiet notebook", bare),
        Row("run clicked out, browser's refit", crossed),
        Row("run clicked out, exact refit", answered),
    ]


def exactness(bench: Bench, dataset: str) -> list[float]:
    """For clicks on the same runs how far the browser's refit is from the exact answer."""
    page = bench.open(SPELLED.format(dataset=dataset))
    page.page.locator(".sw-lab").scroll_into_view_if_needed()
    spelled = Spelled(page, dataset)
    gaps = []
    for place in page.page.evaluate(LONELY_RUNS, LONELY):
        for _ in range(2):  # out and in again
            settle(page)
            gaps.append(spelled.gap(place))
    page.close()
    return gaps


def settle(page: LabPage) -> None:
    """Wait until the kernel has finished the bands too."""
    page.wait_for_value("lab._after is None or lab._after.done()", bool)


def table(title: str, rows: list[Row], unit: Row | None = None) -> Iterator[str]:
    """Lines of text; with `unit` each row's median over that one's."""
    yield f"\n{title:44}{'p50 ms':>9}{'p95 ms':>9}{'times' if unit else '':>9}"
    for row in rows:
        ratio = f"{row.p50 / unit.p50:.2f}" if unit else ""
        more = "; ".join(f"{name} {value:.1f}" for name, value in row.more.items())
        yield f"  {row.name:42}{row.p50:>9.1f}{row.p95:>9.1f}{ratio:>9}  {more}".rstrip()


def told(gaps: list[float]) -> str:
    return (
        "browser's refit against the exact answer, largest difference of log predicted loss over "
        f"the runs:\n  median {median(gaps):.1e}, at worst {max(gaps):.1e} ({len(gaps)} clicks)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser")
    parser.add_argument("--events", type=int, default=240, help="mouse events a slider (240)")
    parser.add_argument("--json", type=Path, help="write all times to this file")
    options = parser.parse_args()
    data = Path(os.environ.get("SCALEWIDGETS_DATA", "nowhere"))
    dataset = "chinchilla" if data.is_dir() else "simulated"

    with (
        tempfile.TemporaryDirectory() as folder,
        start_server(Path(folder)) as server,
        open_chromium() as (browser, port),
    ):
        bench = Bench(server, browser, port)
        sweeps = max(2, round(options.events / SWEEP))
        sliders, inside, bare = drag(bench, dataset, sweeps)
        trips = [bare, *refit(bench, dataset)]
        trips[-1].more["beyond the bare trip"] = trips[-1].p50 - bare.p50
        gaps = exactness(bench, dataset)

    tables = [
        *table("slider moved, drawing painted (times ours)", sliders, sliders[0]),
        *table("in the Explorer's drag", inside),
        *table("through the kernel (times the bare trip)", trips, bare),
    ]
    print("\n".join([*tables, "", told(gaps), "", TARGETS]))
    if options.json:
        rows = [asdict(row) for row in (*sliders, *inside, *trips)]
        found = {"dataset": dataset, "rows": rows, "refit_off_by": gaps}
        options.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
