"""What the browser benchmark does in a page as a person would, and what the recorder saw of it."""

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import websocket
from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.browser.jupyter import CHROMIUM_ARGS, LabPage, chromium_path

RECORDER = (Path(__file__).parent / "recorder.js").read_text()
RATE = 60  # events a second
STEP = 2.0  # px an event
SWEEP = 60  # events in one direction: the sliders are long enough for that

# Where the loss plot's runs are, the most lonely first: a click on them can mean no other.
LONELY_RUNS = """(count) => {
  const plot = document.querySelector('[data-plot="loss"]');
  const places = (selector) => [...plot.querySelectorAll(selector)]
    .map((node) => node.getBoundingClientRect())
    .filter(({ width }) => width > 0)
    .map((box) => [box.x + box.width / 2, box.y + box.height / 2]);
  const runs = places(".sw-points circle");
  const all = [...runs, ...places(".sw-markers path")];
  const room = ([x, y]) => all.map((o) => Math.hypot(o[0] - x, o[1] - y)).sort((a, b) => a - b)[1];
  const rooms = new Map(runs.map((run) => [run, room(run)]));
  return runs.sort((a, b) => rooms.get(b) - rooms.get(a)).slice(0, count);
}"""

Log = Mapping[str, Any]


@contextmanager
def open_chromium() -> Iterator[tuple[Browser, int]]:
    """The browser of the tests, and a port on this machine at which its mouse can be moved."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    arguments = [*CHROMIUM_ARGS, f"--remote-debugging-port={port}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        yield browser, port
        browser.close()


class Mouse:
    """A mouse that does not wait for the page: its events go out on time, as a real one's do."""

    def __init__(self, page: LabPage, port: int) -> None:
        session = page.page.context.new_cdp_session(page.page)
        target = session.send("Target.getTargetInfo")["targetInfo"]["targetId"]
        url = f"ws://127.0.0.1:{port}/devtools/page/{target}"
        self._wire = websocket.create_connection(url, timeout=60, suppress_origin=True)
        self._sent = 0

    def move(self, x: float, y: float) -> None:
        self._sent += 1
        event = {"type": "mouseMoved", "x": x, "y": y, "button": "left", "buttons": 1}
        command = {"id": self._sent, "method": "Input.dispatchMouseEvent", "params": event}
        self._wire.send(json.dumps(command))

    def rest(self) -> None:
        """Wait until the page has taken all moves."""
        while json.loads(self._wire.recv()).get("id") != self._sent:
            pass


def record(page: LabPage, control: str | None) -> None:
    """Make the recorder; `control` is our slider's track, None for an ipywidgets slider."""
    page.page.evaluate(RECORDER, control)
    page.page.evaluate("recorder.start()")
    page.page.wait_for_function("recorder.caughtUp()")
    page.page.evaluate("recorder.stop()")


def sweep(page: LabPage, mouse: Mouse, direction: int) -> Log:
    """Drag the slider's handle one way, an event every 1/60 s, and wait for the last paint."""
    x, y = page.page.evaluate("recorder.handle()")
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.evaluate("recorder.start()")
    due = time.perf_counter()
    for i in range(1, SWEEP + 1):
        due += 1 / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        mouse.move(x + direction * STEP * i, y)
    mouse.rest()
    page.page.mouse.up()
    page.page.wait_for_function("recorder.caughtUp()")
    return cast(Log, page.page.evaluate("recorder.stop()"))


def latencies(log: Log, painted: str = "drawing", since: str = "at") -> list[float]:
    """For each input of a sweep the milliseconds to the first paint that has caught up with it.

    They count from when the mouse moved (`since` "at") or the page heard of it ("heard"). A value
    that was skipped waits for a later one of the sweep. Inputs that nothing caught up with are left
    out: only a band may lack its last ones.
    """
    inputs = log["inputs"]
    paints = [(at, value) for name, at, value in log["painted"] if name == painted]
    sign = 1 if inputs[-1]["value"] > inputs[0]["value"] else -1
    found = []
    for moved in inputs:
        caught_up = (
            at
            for at, shown in paints
            if at > moved["heard"] and sign * (shown - moved["value"]) >= 0
        )
        found += [at - moved[since] for at in caught_up][:1]
    return found


def pictures(log: Log) -> float:
    """How many drawings a second were painted while a hand moved."""
    began, ended = log["inputs"][0]["at"], log["inputs"][-1]["at"]
    painted = sum(began < at <= ended for name, at, _ in log["painted"] if name == "drawing")
    return float(1000 * painted / (ended - began))


def click(page: LabPage, place: Sequence[float]) -> tuple[float, float]:
    """Click on a run: milliseconds until it is painted crossed out, and until the exact answer."""
    page.page.evaluate("recorder.start()")
    page.page.mouse.click(*place)
    page.page.wait_for_function("recorder.answered()")
    log = page.page.evaluate("recorder.stop()")
    released = log["releases"][-1]
    crossed = next(at for name, at, _ in log["painted"] if name == "crosses")
    answered = [at for name, at, state in log["painted"] if (name, state) == ("state", "answered")]
    return crossed - released, answered[-1] - released


def trip(page: LabPage) -> float:
    """Milliseconds from setting a trait to hearing Python's answer to it."""
    return cast(float, page.page.evaluate("document.querySelector('.echo').trip()"))


def work(session: CDPSession) -> tuple[float, float]:
    """Processor time of a page's main thread so far, ms: everything, and everyone's scripts."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    seconds = {metric["name"]: float(metric["value"]) for metric in metrics}
    return 1000 * seconds["TaskDuration"], 1000 * seconds["ScriptDuration"]
