"""What a long day costs: memory of kernel and browser over many drags and many runs of a cell.

Run from the repository's root: ``python -m benchmarks.memory [--drags 10000] [--reruns 200]``.
Some fifteen minutes. Nothing is asserted; README.md beside this file says what was found.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.jupyter import LabPage, open_chromium, start_server
from tests.browser.lab import Lab

LOOKS = 5  # at the beginning, at the end and between
# The last one is a plain slider of ipywidgets: what JupyterLab and the kernel keep of any cell.
CELLS = {
    "Explorer, 135 runs": "import scalewidgets as sw\nlab = sw.Explorer()\nlab",
    "PrecisionLab": "import scalewidgets as sw\nlab = sw.PrecisionLab()\nlab",
    "ipywidgets.IntSlider": "import ipywidgets\nipywidgets.IntSlider()",
}
KERNEL = """
import gc, resource
gc.collect()
print(int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6)
"""
RUN = """(path) => {
  const app = window.jupyterapp;
  const panel = [...app.shell.widgets("main")].find((w) => w.context?.path === path);
  app.shell.activateById(panel.id);
  panel.content.activeCellIndex = 0;
  return app.commands.execute("notebook:run-cell").then(() => null);
}"""


@contextmanager
def opened(code: str) -> Iterator[LabPage]:
    """A JupyterLab of its own, with one cell that has run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_chromium() as browser,
        start_server(Path(folder)) as server,
    ):
        page = LabPage(server, browser, width=1500, height=1700)
        page.open_notebook([code])
        page.run_all()
        yield page
        page.close()


def measured(page: LabPage, what: str, times: int, once: Callable[[int], None]) -> None:
    """Does something many times and prints what is held at the looks between."""
    devtools = page.page.context.new_cdp_session(page.page)
    print(f"\n{what}\n{'after':>8}{'kernel MB':>12}{'heap MB':>10}{'nodes':>8}{'listeners':>11}")
    for done in range(times + 1):
        if done % (times // (LOOKS - 1)) == 0:
            devtools.send("HeapProfiler.collectGarbage")
            heap = devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6
            counts = devtools.send("Memory.getDOMCounters")
            kernel = float(page.run_code(KERNEL))
            nodes, listeners = counts["nodes"], counts["jsEventListeners"]
            print(f"{done:8}{kernel:12.1f}{heap:10.1f}{nodes:8}{listeners:11}", flush=True)
        if done < times:
            once(done)


def drags(times: int) -> None:
    with opened(CELLS["Explorer, 135 runs"]) as page:
        box = Lab(page).slider("C").bounding_box()
        assert box is not None
        mouse, y = page.page.mouse, box["y"] + box["height"] / 2
        mouse.move(box["x"] + box["width"] / 2, y)
        mouse.down()

        def move(i: int) -> None:
            mouse.move(box["x"] + box["width"] * (0.2 + 0.6 * (7 * i % 101) / 101), y)

        measured(page, "a slider is dragged", times, move)
        mouse.up()


def reruns(times: int) -> None:
    for name, code in CELLS.items():
        with opened(code) as page:

            def again(_: int, page: LabPage = page, lab: bool = "sw." in code) -> None:
                page.page.evaluate(RUN, page.path)
                page._wait_until("state.idle")
                if lab:
                    Lab(page)

            measured(page, f"the cell is run again: {name}", times, again)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drags", type=int, default=10_000)
    parser.add_argument("--reruns", type=int, default=200)
    asked = parser.parse_args()
    drags(asked.drags)
    reruns(asked.reruns)


if __name__ == "__main__":
    main()
