"""Labs as HTML: what travels, what may run, what remains where scripts are stripped."""

import asyncio
import json
import re
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.widgets.export import options
from scalewidgets.widgets.vocabulary import Axis, Curve, Page, Plot, Readout, Table
from scalewidgets.widgets.wire import unpack

NAMESPACES = re.compile(r"http://www\.w3\.org/[\w/]+")
LABS: dict[str, Callable[[], sw.Lab]] = {
    "Explorer": lambda: sw.Explorer(N="7B"),
    "LawLab": lambda: sw.LawLab("farseer2025", second="hoffmann2022"),
    "theory": lambda: sw.LawLab("sorscher2022_pruning_theory"),
    "FitLab": sw.FitLab,
    "Planner": lambda: sw.Planner(inference_tokens="1T"),
}


class Parts(HTMLParser):
    """The elements of a page that a browser would run or style, and the rest as text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.policy, self.text = "", ""
        self.images: list[str] = []
        self.held: dict[str, list[str]] = {"script": [], "style": [], "json": []}
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag == "img":
            self.images.append(given["src"] or "")
        if tag in self.held:
            self._open = "json" if given.get("type") == "application/json" else tag
            self.held[self._open].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.held[self._open][-1] += data
        else:
            self.text += data


def saved(html: str) -> dict[str, Any]:
    """The lab as its page holds it, bytes decoded."""

    def decoded(entry: dict[str, Any]) -> Any:
        return b64decode(entry["base64"]) if entry.keys() == {"base64"} else entry

    (text,) = Parts(html).held["json"]
    found: dict[str, Any] = json.loads(text, object_hook=decoded)
    return found


@pytest.fixture(params=LABS)
def lab(request: pytest.FixtureRequest) -> sw.Lab:
    return LABS[request.param]()


@pytest.fixture
def embed() -> Iterator[None]:
    options.embed = True
    yield
    options.embed = False


def test_a_page_may_run_its_own_script_and_nothing_else(lab: sw.Lab, tmp_path: Path) -> None:
    file = lab.save_html(tmp_path / "page.html")
    page = Parts(file.read_text(encoding="utf-8"))
    rules = dict(rule.strip().split(" ", 1) for rule in page.policy.split(";"))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    (script,) = page.held["script"]
    styles = [*page.held["style"], json.loads(page.held["json"][0])["css"]]
    for rule, texts in (("script-src", [script]), ("style-src", styles)):
        digests = [b64encode(sha256(text.encode()).digest()).decode() for text in texts]
        assert rules.pop(rule).split() == [f"'sha256-{digest}'" for digest in digests]
    assert rules == {}


def test_a_page_is_one_file_that_names_no_other(lab: sw.Lab, tmp_path: Path) -> None:
    file = lab.save_html(tmp_path / "page.html")
    text = NAMESPACES.sub("", file.read_text(encoding="utf-8"))
    assert re.findall(r"""\b(?:src|href)\s*=\s*["']|https?://|@import|url\(""", text) == []
    assert file.stat().st_size < 190_000
    assert list(tmp_path.iterdir()) == [file]


def test_everything_that_is_synced_travels(lab: sw.Lab) -> None:
    state = saved(lab.to_html())["state"]
    host = {"layout", "tabbable", "tooltip"}
    traits = {n for n in lab.traits(sync=True) if not n.startswith("_")} - host
    assert state.keys() == traits
    for name in traits - {"facts"}:
        assert state[name] == json.loads(json.dumps(getattr(lab, name))), name
    facts = lab.facts
    assert state["facts"]["names"] == facts["names"]
    np.testing.assert_array_equal(unpack(state["facts"]["numbers"]), unpack(facts["numbers"]))
    for name, packed in facts["arrays"].items():
        np.testing.assert_array_equal(unpack(state["facts"]["arrays"][name]), unpack(packed))


def test_what_takes_its_time_is_waited_for() -> None:
    async def cell() -> str:
        """In a notebook the bootstrap runs between cells, and this cell has not ended."""
        lab = sw.Explorer()
        assert "draws_alpha" not in lab.facts["arrays"]
        return lab.to_html()

    arrays = saved(asyncio.run(cell()))["state"]["facts"]["arrays"]
    assert unpack(arrays["draws_alpha"]).shape == (200,)


def test_text_of_people_stays_text() -> None:
    hostile = "</script><script>alert(1)</script><!-- & \u2028 <b>"
    law = sw.Law("E + A/N**alpha", constants={"E": 1, "A": 2, "alpha": 0.3}, title=hostile)
    lab = sw.LawLab(law)
    html = lab.to_html()
    assert len(Parts(html).held["script"]) == 1
    assert hostile in json.dumps(lab.spec, ensure_ascii=False)
    assert saved(html)["state"]["spec"] == lab.spec


EVIL = '"><blink onclick=alert(1)>\u202e & </title>'


class Named(sw.Lab):
    """A lab in which all that can be named is named by a stranger."""

    def page(self) -> Page:
        curve = Curve("axis_x", "double", EVIL, "law")
        plot = Plot("p", EVIL, Axis(EVIL), Axis(EVIL), [curve])
        tables = [Table(EVIL, [Readout(EVIL, "three", unit=EVIL)])]
        formulas = {"double": "2*axis_x"}
        notes = {"teaches": EVIL, "source": EVIL, "notes": [EVIL]}
        return Page(EVIL, [], [plot], tables, formulas=formulas, **notes)  # type: ignore[arg-type]

    def facts_now(self) -> dict[str, Any]:
        return {"three": 3.0, "names": [EVIL]}

    def status(self) -> tuple[str, str]:
        return "ok", EVIL


def test_no_name_becomes_markup(tmp_path: Path) -> None:
    lab = Named()
    whole = lab.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    for html, places in ((whole, 5), (lab.to_html(), 4)):  # title, heading, table, row, unit
        assert "<blink" not in html
        assert Parts(html).text.count(EVIL) == places
        assert saved(html)["state"]["spec"] == lab.spec


def test_nothing_else_of_the_notebook_travels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "canary of the environment")
    folder = tmp_path / "canary of the path"
    folder.mkdir()
    table = sw.load_runs("simulated").with_columns(canary_column=pl.lit("canary in a cell"))
    table.write_csv(folder / "runs.csv")
    runs = sw.read_runs(folder / "runs.csv")
    other = sw.Law("E + A/N**alpha", constants=["E", "A", "alpha"], title="canary of another lab")
    labs = [sw.LawLab(other), sw.Explorer(sw.fit("besiroglu2024", runs)), sw.FitLab(runs)]
    labs += [sw.LawLab("besiroglu2024", runs=runs), sw.Planner(sw.fit("besiroglu2024", runs))]
    for lab in labs[1:]:
        lab.own_attribute = "canary of Python's half"  # type: ignore[attr-defined]
        html = lab.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
        for text in (html, repr(saved(html))):  # bytes decoded, too
            assert "canary" not in text.lower()
            assert str(tmp_path) not in text
            assert str(Path.cwd()) not in text
            assert str(Path.home()) + "/" not in text


def test_numbers_that_json_does_not_have_are_null() -> None:
    lab = sw.Explorer()
    lab.wheel = {"E": float("nan"), "A": float("inf"), "B": 3.0}
    state = saved(lab.to_html())["state"]
    assert state["wheel"] == {"E": None, "A": None, "B": 3.0}


def test_where_scripts_are_stripped_the_readouts_remain(lab: sw.Lab) -> None:
    page = Parts(lab.to_html())
    assert lab.spec["title"] in page.text
    for table, entries in lab.snapshot()["readouts"].items():
        assert table in page.text
        for label, entry in entries.items():
            assert label in page.text
            assert entry["text"] in page.text


def test_a_picture_remains_too_where_one_can_be_drawn(
    lab: sw.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("vl_convert")
    (image,) = Parts(lab.to_html()).images
    kind, _, data = image.partition(",")
    assert kind == "data:image/png;base64"
    size, pixels = decoded(b64decode(data))
    assert len(pixels) == size[1] * (1 + 4 * size[0])  # RGBA, a filter byte a line
    assert len(set(pixels)) > 20  # something is drawn
    assert len(data) < 80_000
    monkeypatch.setattr("scalewidgets.widgets.still.find_spec", lambda name: None)
    assert Parts(lab.to_html()).images == []


def decoded(png: bytes) -> tuple[tuple[int, int], bytes]:
    """Width and height, and the filtered lines; sums of all chunks checked."""
    at, chunks = 8, {}
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        body = png[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(body)
        chunks[body[:4]] = body[4:]
        at += length + 12
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    return (width, height), zlib.decompress(chunks[b"IDAT"])


def test_a_notebook_holds_the_live_lab_only_when_asked(embed: None) -> None:
    lab = sw.Explorer()
    bundle = lab._repr_mimebundle_()
    assert bundle is not None
    kinds = ["application/vnd.jupyter.widget-view+json", "text/html", "text/plain"]
    assert sorted(bundle[0]) == kinds
    assert bundle[0]["text/html"] == lab.to_html()  # nothing in it is random
    options.embed = False
    bundle = lab._repr_mimebundle_()
    assert bundle is not None
    assert sorted(bundle[0]) == [kinds[0], kinds[2]]


def test_an_option_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="embedd"):
        options.embedd = True  # type: ignore[attr-defined]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        sw.Explorer().save_html(tmp_path / "missing" / "page.html")


def test_another_front_end_is_refused() -> None:
    lab = sw.Explorer()
    lab._code = "export default {}"
    with pytest.raises(RuntimeError, match="mountPage"):
        lab.to_html()
