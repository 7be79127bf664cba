"""A lab on the screen: its controls, its plots, and the hands that move them."""

import pytest
from playwright.sync_api import Locator, expect

from scalewidgets.lawbook.quantity import format_quantity, parse_quantity

from .jupyter import LabPage

ANSWERED = "answered"
TWO_FRAMES = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"""


class Lab:
    """What is on the screen of the first lab of a page."""

    def __init__(self, page: LabPage, index: int = 0) -> None:
        self.page = page
        self.root = page.page.locator(".sw-lab").nth(index)
        expect(self.state).to_have_attribute("data-state", ANSWERED)

    @property
    def state(self) -> Locator:
        return self.root.locator(".sw-state")

    def slider(self, cell: str) -> Locator:
        return self.root.locator(f'[data-cell="{cell}"] input[type=range]')

    def box(self, cell: str) -> Locator:
        return self.root.locator(f'[data-cell="{cell}"] input.sw-box')

    def run(self, row: int, plot: str = "loss") -> Locator:
        return self.root.locator(f'[data-plot="{plot}"] circle[data-row="{row}"]').first

    def curve(self, plot: str = "loss") -> str | None:
        return self.root.locator(f'[data-plot="{plot}"] path.sw-curve').first.get_attribute("d")

    def drag_slider(self, cell: str, share: float) -> None:
        """Takes the thumb where it stands and pulls it to a share of the track."""
        track = self.slider(cell)
        track.scroll_into_view_if_needed()
        box = track.bounding_box()
        assert box is not None
        low, high, at = (
            float(track.evaluate(f"(e) => e.{name}")) for name in ("min", "max", "value")
        )
        thumb = 16.0
        start = box["x"] + thumb / 2 + (box["width"] - thumb) * (at - low) / (high - low)
        end = box["x"] + thumb / 2 + (box["width"] - thumb) * share
        mouse, y = self.page.page.mouse, box["y"] + box["height"] / 2
        mouse.move(start, y)
        mouse.down()
        mouse.move(end, y, steps=20)
        mouse.up()

    def heard(self, cell: str, expression: str) -> float:
        """Waits until Python holds the quantity in a slider's box; returns Python's value.

        While a hand drags, Python hears of it a few times a second: a value that it has on the way
        is not yet the one at which the hand let go.
        """

        def is_shown(value: float) -> bool:
            return format_quantity(value) == self.box(cell).input_value()

        return float(self.page.wait_for_value(expression, is_shown))

    def settled(self) -> None:
        """Waits until the kernel has answered what was last asked: by the next frame the lab knows
        that it has asked."""
        self.page.page.evaluate(TWO_FRAMES)
        expect(self.state).to_have_attribute("data-state", ANSWERED)


def follows_themes(page: LabPage, lab: Lab) -> None:
    """The lab puts on the host's theme as it is chosen; ends in light."""
    for theme in ("dark", "light"):
        page.turn(theme)
        page.page.evaluate(TWO_FRAMES)
        dark = lab.root.evaluate("(e) => e.classList.contains('sw-dark')")
        assert dark is (theme == "dark")


def opened(page: LabPage, call: str, before: str = "") -> Lab:
    """The lab that a call makes, called ``lab`` in Python too; ``before`` is run first."""
    page.open_notebook([f"import scalewidgets as sw\n{before}\nlab = {call}\nlab"])
    page.run_all()
    return Lab(page)


def read(lab: Lab, cell: str) -> float:
    """The number in a table that is on the screen, its unit left out; a percentage as a share."""
    number, unit = _shown(lab, cell)
    return number * unit


def _shown(lab: Lab, cell: str) -> tuple[float, float]:
    value = lab.root.locator(f'tr[data-cell="{cell}"] .sw-value:visible').first
    text = value.inner_text().split()[0].replace("\N{MINUS SIGN}", "-").removeprefix("+")
    sign = -1.0 if text.startswith("-") else 1.0
    number = parse_quantity(text.removeprefix("-").removesuffix("%"))
    return sign * number, 0.01 if text.endswith("%") else 1.0


def choose(lab: Lab, cell: str, value: str) -> None:
    """Chooses from a menu, and waits until Python has heard of it and answered."""
    lab.root.locator(f'[data-cell="{cell}"] select').select_option(value)
    lab.page.wait_for_value(f"lab.{cell}", lambda held: held == value)
    lab.settled()


def agrees(lab: Lab, *cells: str, least: float = 1e-12) -> None:
    """Each cell is on the screen what it is in Python, to its digits; ``least`` is how far it may
    be off in the unit that is shown, whatever its size."""
    lab.page.run_code(f"cells = {list(cells)!r}; sheet = lab.sheet()")
    told = lab.page.value("[sheet.get(cell) for cell in cells]")
    for cell, value in zip(cells, told, strict=True):
        number, unit = _shown(lab, cell)
        assert number == pytest.approx(value / unit, rel=6e-3, abs=least), cell
