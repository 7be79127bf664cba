"""JupyterLab in Chromium as a person has it: for the browser tests and the benchmarks.

`start_server` and `open_chromium` are context managers; `LabPage` opens a notebook, runs it,
moves the mouse in it, and asks its kernel what Python holds. Nothing here sleeps for a fixed
time: every wait is for a state, with a limit.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import nbformat
import websocket
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Request, sync_playwright

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"

# Chromium may talk to this machine and to nothing else, and says nothing of its own accord.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

Theme = Literal["light", "dark"]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
TURN = """(theme) =>
  window.jupyterapp.commands.execute("apputils:change-theme", { theme }).then(() => null)"""

# The state of the open notebook, as JupyterLab's own model has it.
STATE = """(path) => {
  const app = window.jupyterapp;
  const panel = app && [...app.shell.widgets("main")].find((w) => w.context?.path === path);
  if (!panel?.context.isReady || !panel.sessionContext.isReady) return null;
  const cells = [...panel.content.model.cells].filter((cell) => cell.type === "code");
  const outputs = cells.flatMap((cell) => cell.sharedModel.getOutputs());
  const kernel = panel.sessionContext.session?.kernel;
  return {
    kernel: kernel?.id,
    idle: kernel?.status === "idle",
    prompts: cells.map((cell) => cell.executionCount),
    errors: outputs.filter((o) => o.output_type === "error").map((o) => `${o.ename}: ${o.evalue}`),
  };
}"""

RUN_ALL = """([path, limit]) => {
  const app = window.jupyterapp;
  const panel = [...app.shell.widgets("main")].find((w) => w.context?.path === path);
  app.shell.activateById(panel.id);
  const late = new Promise((resolve) => setTimeout(resolve, limit));
  return Promise.race([app.commands.execute("notebook:run-all-cells"), late]).then(() => null);
}"""


@dataclass(frozen=True)
class Server:
    """A running JupyterLab server: where it answers, its token, and its folders."""

    url: str
    token: str
    notebooks: Path
    settings: Path

    def request(self, method: str, path: str) -> Any:
        """Call the server's REST interface; returns the decoded JSON, None for an empty reply."""
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def choose(self, plugin: str, **choices: object) -> None:
        """Write a person's settings for one of JupyterLab's own plugins; a page reads them once."""
        folder = self.settings / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(choices))


@contextmanager
def start_server(folder: Path) -> Iterator[Server]:
    """Start JupyterLab on a free port with `folder` as its home, settings and notebooks.

    Its kernels are those of this Python's environment. Raises RuntimeError with the end of the
    server's log when it does not come up within a minute.
    """
    places = {
        "HOME": folder / "home",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "IPYTHONDIR": folder / "ipython",
    }
    notebooks = folder / "notebooks"
    for place in (*places.values(), notebooks):
        place.mkdir()
    token = uuid.uuid4().hex
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.allow_root=True"),
        f"--ServerApp.root_dir={notebooks}",
        f"--IdentityProvider.token={token}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        # Notebook 7, where it is installed, answers on the same server.
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    log = folder / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=notebooks,
            env=environment | {name: str(place) for name, place in places.items()},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        url = wait_for_server(process, places["JUPYTER_RUNTIME_DIR"], log)
        server = Server(url, token, notebooks, places["JUPYTERLAB_SETTINGS_DIR"])
        # Otherwise each page asks, in a pop-up over the notebook, whether it may fetch news.
        server.choose("notification", fetchNews="false", checkForUpdates=False)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_server(process: "subprocess.Popen[bytes]", runtime: Path, log: Path) -> str:
    """The address of a server that was just started, once it answers."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(file.read_text())["url"])
                urllib.request.urlopen(url + "api", timeout=5).close()
            except (ValueError, OSError):  # half written, or not listening yet
                continue
            return url
        time.sleep(0.05)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text()[-3000:])


def chromium_path() -> str | None:
    """Debian's Chromium, or Google's Chrome; None where neither is on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """A headless Chromium that reaches this machine only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), headless=True, args=CHROMIUM_ARGS
        )
        yield browser
        browser.close()


class LabPage:
    """A page of JupyterLab with one notebook; that of Notebook 7 has another :meth:`address`.

    Attributes
    ----------
    page : the Playwright page, for everything that has no method here
    errors : what the page complained of (console errors and uncaught exceptions)
    outside : addresses beyond this machine that the page asked for
    """

    def __init__(self, server: Server, browser: Browser, width: int = 1400, height: int = 1000):
        self.server = server
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(30_000)
        self.path = ""
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", self._hear_exception)
        self.page.on("request", self._watch)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location['url']})")

    def _hear_exception(self, error: Error) -> None:
        self.errors.append(f"uncaught: {error}")

    def _watch(self, request: Request) -> None:
        inside = (self.server.url, self.server.url.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(inside):
            self.outside.append(request.url)

    def open_notebook(self, notebook: Path | Sequence[str], theme: Theme = "light") -> None:
        """Open a copy of a notebook (or a new one of these code cells), outputs cleared.

        Returns when its kernel is idle and the theme is on. The kernel of a notebook that this
        page had opened before is ended.
        """
        self._end_kernel()
        if isinstance(notebook, Path):
            document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
        else:
            cells = [nbformat.v4.new_code_cell(code) for code in notebook]  # type: ignore[no-untyped-call]
            document = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
        for cell in document.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        name = uuid.uuid4().hex[:8]
        self.path = f"{name}.ipynb"
        nbformat.write(document, self.server.notebooks / self.path)  # type: ignore[no-untyped-call]

        self.server.choose("themes", theme=THEMES[theme])
        self.page.goto(f"{self.server.url}{self.address(name)}?token={self.server.token}")
        self._wait_for_theme(theme)
        self._wait_until("state.idle")

    def address(self, name: str) -> str:
        """Where the server shows the notebook: a workspace of its own restores no earlier tabs."""
        return f"lab/workspaces/{name}/tree/{self.path}"

    def state(self) -> dict[str, Any]:
        """The notebook's kernel, whether it is idle, its prompts, and its cells' errors."""
        return cast(dict[str, Any], self.page.evaluate(STATE, self.path))

    def _wait_until(self, condition: str, timeout: float = 60.0) -> None:
        script = f"(path) => {{ const state = ({STATE})(path); return state && {condition}; }}"
        self.page.wait_for_function(script, arg=self.path, timeout=timeout * 1000)

    def run_all(self, timeout: float = 120.0) -> None:
        """Run all cells; returns when every one has its prompt and the kernel is idle.

        A kernel that has only just started can lose the request, so it is made a second time if
        prompts are missing. Raises AssertionError naming the error of a cell that failed.
        """
        for _ in range(2):
            self.page.evaluate(RUN_ALL, [self.path, timeout * 1000])
            self._wait_until("state.idle", timeout)
            state = self.state()
            assert not state["errors"], f"the notebook failed: {state['errors']}"
            if all(prompt is not None for prompt in state["prompts"]):
                return
        raise AssertionError(f"cells did not run: prompts {state['prompts']}")

    def run_code(self, code: str, timeout: float = 60.0) -> str:
        """Run code in the notebook's kernel, beside the notebook; returns what it printed.

        The value of a last expression is returned as its text, too. Raises AssertionError with
        Python's traceback when the code fails.
        """
        kernel = self.state()["kernel"]
        url = f"{self.server.url}api/kernels/{kernel}/channels?token={self.server.token}"
        channel = websocket.create_connection(url.replace("http", "ws", 1), timeout=timeout)
        try:
            return execute(channel, code)
        finally:
            channel.close()

    def value(self, expression: str) -> Any:
        """What an expression is in the notebook's kernel: anything that JSON can carry."""
        return json.loads(self.run_code(f"print(__import__('json').dumps({expression}))"))

    def wait_for_value(
        self, expression: str, accept: Callable[[Any], bool], timeout: float = 30.0
    ) -> Any:
        """Ask the kernel until `accept` takes the expression's value; returns that value."""
        limit = time.monotonic() + timeout
        while not accept(value := self.value(expression)):
            assert time.monotonic() < limit, f"{expression} stayed {value!r} for {timeout} s"
            self.page.wait_for_timeout(50)  # lets the page's events through
        return value

    def drag(self, handle: Locator, dx: float, dy: float = 0.0, steps: int = 12) -> None:
        """Take the middle of an element with the mouse, move it by pixels, and let go."""
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert box is not None, "the element to drag is not drawn"
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=steps)
        self.page.mouse.up()

    @property
    def theme(self) -> Theme:
        light = self.page.evaluate("document.body.dataset.jpThemeLight")
        return "light" if light == "true" else "dark"

    def turn(self, theme: Theme) -> None:
        """Put on a theme, as the Settings menu does."""
        if theme != self.theme:
            self.page.evaluate(TURN, THEMES[theme])
            self._wait_for_theme(theme)

    def _wait_for_theme(self, theme: Theme) -> None:
        """Until it is on, and what JupyterLab lays over the page meanwhile has gone."""
        light = json.dumps(theme == "light")
        self.page.wait_for_function(
            f"document.body.dataset.jpThemeLight === '{light}'"
            " && !document.getElementById('jupyterlab-splash')"
        )

    def screenshot(self, name: str, element: Locator | None = None) -> None:
        """Pictures of the page, or of one element, in both themes: `screenshots/<name>-light.png`
        and `-dark.png`. The theme that was not on stays on."""
        SCREENSHOTS.mkdir(exist_ok=True)
        order: tuple[Theme, Theme] = ("light", "dark")
        for theme in order if self.theme == "light" else reversed(order):
            self.turn(theme)
            (element or self.page).screenshot(path=SCREENSHOTS / f"{name}-{theme}.png")

    def assert_quiet(self) -> None:
        """Fail if the page complained, or asked for anything beyond this machine."""
        assert not self.errors, f"the page complained: {self.errors}"
        assert not self.outside, f"the page asked the network: {self.outside}"

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.page.close()
        self._end_kernel()

    def _end_kernel(self) -> None:
        for session in self.server.request("GET", "api/sessions"):
            if session["path"] == self.path:
                self.server.request("DELETE", f"api/sessions/{session['id']}")


def execute(channel: websocket.WebSocket, code: str) -> str:
    """Run code through a kernel's channel; returns what it printed, and its value's text."""
    request = uuid.uuid4().hex
    header = {"msg_id": request, "msg_type": "execute_request", "session": uuid.uuid4().hex}
    message = {
        "channel": "shell",
        "header": header | {"username": "", "date": "", "version": "5.3"},
        "parent_header": {},
        "metadata": {},
        # Outside the history: the notebook's prompts keep their numbers.
        "content": {"code": code, "silent": False, "store_history": False, "allow_stdin": False},
    }
    channel.send(json.dumps(message))
    text, idle, replied = "", False, False
    while not (idle and replied):
        frame = channel.recv()
        if not isinstance(frame, str):
            continue  # a widget's message with buffers: meant for the page
        answer = json.loads(frame)
        if answer["parent_header"].get("msg_id") != request:
            continue
        content = answer["content"]
        if answer["msg_type"] == "stream":
            text += content["text"]
        elif answer["msg_type"] in ("execute_result", "display_data"):
            text += content["data"].get("text/plain", "")
        elif answer["msg_type"] == "error":
            traceback = "\n".join(content["traceback"])
            raise AssertionError("the kernel said:\n" + re.sub(r"\x1b\[[\d;]*m", "", traceback))
        replied = replied or answer["msg_type"] == "execute_reply"
        idle = idle or content.get("execution_state") == "idle"
    return text
