"""The challenge as a person plays it in JupyterLab: place runs, pay, fit, predict."""

from playwright.sync_api import expect

from scalewidgets.lawbook.quantity import parse_quantity

from .jupyter import LabPage
from .lab import Lab


def opened(page: LabPage, call: str) -> Lab:
    page.open_notebook([f"import scalewidgets as sw\ngame = {call}\ngame"])
    page.run_all()
    return Lab(page)


def read(lab: Lab, cell: str) -> float:
    """The number in a table."""
    return parse_quantity(lab.root.locator(f'tr[data-cell="{cell}"] .sw-value').inner_text())


def press(lab: Lab, name: str) -> None:
    lab.root.get_by_role("button", name=name, exact=True).click()


def test_runs_are_placed_and_paid_for(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.Challenge('hero-run', seed=7)")
    runs = lab.root.locator('[data-plot="plane"] circle[data-row]')
    expect(runs).to_have_count(0)
    lab.drag_slider("C", 0.55)
    lab.drag_slider("N", 0.4)  # along the price, which is held
    press(lab, "Run it")
    expect(runs).to_have_count(1)
    press(lab, "Run it")
    expect(runs).to_have_count(2)
    lab.settled()
    table = wide_page.value("game.runs.select('N', 'C').rows()")
    assert table[0] == table[1]
    assert table[0] == [wide_page.value("game.N"), wide_page.value("6*game.N*game.D")]
    assert read(lab, "runs_left") == 28
    assert read(lab, "left") == float(f"{wide_page.value('game.left'):.3g}")
    wide_page.assert_quiet()


def test_what_cannot_be_paid_is_told(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.Challenge('hero-run', seed=7, N='10B', D='1T')")
    problem = lab.root.locator(".sw-problem")
    press(lab, "Run it")
    expect(problem).to_contain_text("a thousandth of the hero run")
    lab.drag_slider("C", 0.3)
    press(lab, "Run it")
    expect(lab.root.locator('[data-plot="plane"] circle[data-row]')).to_have_count(1)
    expect(problem).to_be_hidden()
    wide_page.assert_quiet()


def test_a_whole_game(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.Challenge('tilted', seed=2)")
    truth = lab.root.locator('[data-plot="plane"] [data-marker="truth"]')
    expect(truth).to_be_hidden()
    for price in (1e18, 1e19, 1e20):
        for ratio in (3.0, 20.0, 140.0):
            wide_page.run_code(f"game.run(({price}/6/{ratio})**0.5, ({price}/6*{ratio})**0.5)")
    lab.settled()
    frontier = lab.root.locator('[data-plot="plane"] path.sw-curve').first
    expect(frontier).to_be_visible()
    before = frontier.get_attribute("d")
    lab.run(0, "residuals").click()
    expect(frontier).not_to_have_attribute("d", before or "")
    wide_page.wait_for_value("game.excluded", lambda rows: rows == [0])
    lab.drag_slider("said.N", 0.5)
    wide_page.wait_for_value("game.held", lambda held: held.get("N") is True)
    lab.settled()
    press(lab, "Submit")
    expect(truth).to_be_visible()
    score = "[game.score.prediction.N, game.score.truth.N, game.score.points]"
    said, optimum, points = wide_page.value(score)
    assert read(lab, "you_N") == float(f"{said:.3g}")
    assert read(lab, "truth_N") == float(f"{optimum:.3g}")
    assert read(lab, "you_points") == float(f"{points:.1f}")
    assert said == wide_page.value("game.said['N']")
    expect(lab.root.get_by_role("button", name="Run it")).to_be_hidden()
    wide_page.screenshot("challenge")
    wide_page.assert_quiet()
