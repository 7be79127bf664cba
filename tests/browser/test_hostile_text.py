"""Text of strangers (titles, names of runs) in the labs: markup, scripts, directions, length."""

from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import Lab

CELLS = [
    """
import polars as pl
import scalewidgets as sw

evil = "<img src=x onerror=alert(1)><script>alert(2)</script>\\u202egnp " + "x" * 10_000
constants = {"E": 1.8, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37}
law = sw.Law("E + A/N**alpha + B/D**beta", constants=constants, title=evil, id=evil)
runs = sw.load_runs("simulated").with_columns(name=pl.lit(evil))
sw.Explorer(sw.fit(law, runs))
""",
    "sw.LawLab(law)",
    "sw.FitLab(runs)",
    "sw.Planner(law)",
]


def test_titles_and_names_of_strangers_stay_text(wide_page: LabPage) -> None:
    said: list[str] = []
    wide_page.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    wide_page.open_notebook(CELLS)
    wide_page.run_all()
    widths = set()
    for index in range(len(CELLS)):
        lab = Lab(wide_page, index)
        expect(lab.root.locator("img, script")).to_have_count(0)
        box = lab.root.bounding_box()
        assert box is not None
        widths.add(round(box["width"]))
        assert box["height"] < 2500  # ten thousand letters do not push the lab away
    assert len(widths) == 1
    law = Lab(wide_page, 1)
    expect(law.root).to_contain_text("<img src=x onerror=alert(1)><script>alert(2)</script>")
    law.drag_slider("at.N", 0.8)  # and it is as alive as any other
    expect(law.root.locator(".sw-problem")).to_be_hidden()
    assert not said
    wide_page.assert_quiet()
