"""The DownstreamLab as a person uses it in JupyterLab: one question after the other."""

import pytest
from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import opened, read

# Runs along the published laws of HellaSwag, scattered a little: no data set is needed.
RUNS = """
import numpy as np

rng = np.random.default_rng(1)
N, D = (x.ravel() for x in np.meshgrid(np.geomspace(1e8, 3e9, 5), np.geomspace(3e9, 3e11, 5)))
ladder, task = "bhagia2024_ladder", "hellaswag_val_5shot"
loss = sw.law(f"{ladder}.task_loss", task).predict(N=N, D=D)
loss = loss * np.exp(0.002 * rng.standard_normal(25))
accuracy = sw.law(f"{ladder}.accuracy_of_loss", task).predict(L=loss)
runs = {"N": N, "D": D, "loss": loss, "accuracy": accuracy}
"""


def test_from_tokens_to_loss_to_score(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DownstreamLab()")
    assert read(lab, "error_both") == pytest.approx(0.021, abs=1e-9)
    before = read(lab, "accuracy")
    lab.drag_slider("D", 0.5)
    lab.heard("D", "lab.D")
    predicted = "float(sw.law('bhagia2024_ladder', lab.task).predict(N=lab.N, D=lab.D))"
    assert read(lab, "accuracy") == pytest.approx(wide_page.value(predicted), abs=6e-4)
    assert read(lab, "accuracy") < before
    lab.root.locator('[data-cell="task"] select').select_option("arc_challenge_test_5shot")
    lab.root.get_by_role("button", name="The 13B model").click()
    wide_page.wait_for_value("lab.N", lambda value: value == 13202396160)
    wide_page.wait_for_value("lab.task", lambda value: value == "arc_challenge_test_5shot")
    lab.settled()
    assert read(lab, "accuracy") == pytest.approx(0.527, abs=6e-4)
    assert read(lab, "error_one") == pytest.approx(-0.076, abs=6e-4)
    assert read(lab, "error_two") == pytest.approx(-0.035, abs=6e-4)
    wide_page.screenshot("downstream-lab-ladder")
    lab.root.locator('[data-cell="task"] select').select_option("redpajama_17")
    wide_page.wait_for_value("lab.task", lambda value: value == "redpajama_17")
    expect(lab.root.locator('[data-plot="errors"]')).to_be_hidden()
    wide_page.assert_quiet()


def test_runs_of_yours_are_fitted_and_bring_intervals(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DownstreamLab(runs, N='7B', D='1T')", before=RUNS)
    interval = lab.root.locator('tr[data-cell="accuracy"] .sw-interval')
    expect(interval).not_to_be_empty()
    score = read(lab, "accuracy")
    assert score == pytest.approx(wide_page.value("lab.sheet().get('accuracy')"), abs=6e-4)
    lab.drag_slider("largest", 0.4)
    wide_page.wait_for_value("lab.largest", lambda value: value < 1.5e9)
    lab.settled()
    fitted = "lab.steps.loss.used"
    assert wide_page.value(fitted) < 25
    expect(interval).not_to_be_empty()
    lab.root.locator('[data-cell="form"] select').select_option("gadre")
    wide_page.wait_for_value("lab.form", lambda value: value == "gadre")
    lab.settled()
    assert read(lab, "accuracy") == pytest.approx(
        wide_page.value("lab.sheet().get('accuracy')"), abs=6e-4
    )
    wide_page.screenshot("downstream-lab-yours")
    lab.drag_slider("largest", 0.01)
    wide_page.wait_for_value("lab.problem", lambda value: "too few" in value)
    expect(lab.root.get_by_text("too few for the")).to_be_visible()
    wide_page.assert_quiet()


def test_longer_answers_seem_to_emerge_later(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DownstreamLab(topic='emergence')")
    before, tokens = read(lab, "first_N"), read(lab, "edit_share")
    lab.drag_slider("target_tokens", 0.9)
    wide_page.wait_for_value("lab.target_tokens", lambda value: value > 50)
    lab.settled()
    assert read(lab, "first_N") > 10 * before
    assert read(lab, "edit_share") == pytest.approx(tokens, abs=1e-4)  # the same loss
    lab.root.locator('[data-cell="log_scores"] input').check()
    wide_page.wait_for_value("lab.log_scores", bool)
    lab.drag_slider("questions", 0.9)
    wide_page.wait_for_value("lab.questions", lambda value: value > 300)
    assert read(lab, "resolution") == pytest.approx(1 / wide_page.value("lab.questions"), rel=6e-3)
    lab.drag_slider("passes", 0.8)
    wide_page.wait_for_value("lab.passes", lambda value: value == 8)
    wide_page.screenshot("downstream-lab-emergence")
    wide_page.assert_quiet()


def test_scores_are_worth_compute(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DownstreamLab(topic='capability')")
    assert read(lab, "scores_S") == pytest.approx(0.596, abs=6e-4)
    lab.drag_slider("scores.GSM8K", 0.9)
    wide_page.wait_for_value("lab.scores['GSM8K']", lambda value: value > 0.85)
    lab.settled()
    assert read(lab, "scores_worth") > 1.5e24
    lab.root.get_by_role("button", name="Those of Llama-2 70B").click()
    wide_page.wait_for_value("lab.scores['GSM8K']", lambda value: value == 0.5406)
    lab.root.locator('[data-cell="family"] select').select_option("Pythia")
    wide_page.wait_for_value("lab.family", lambda value: value == "Pythia")
    lab.drag_slider("C", 0.5)
    lab.heard("C", "lab.C")
    law = "float(sw.law('ruan2024_observational.capability', 'Pythia').predict(C=lab.C/1e21))"
    assert read(lab, "family_S") == pytest.approx(wide_page.value(law), abs=6e-4)
    wide_page.screenshot("downstream-lab-capability")
    wide_page.assert_quiet()


def test_a_fit_before_the_turn_misses_what_comes(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DownstreamLab(topic='ushape', C=1e23)")
    assert read(lab, "truth") > 1.5 * read(lab, "foretold_high")
    models = read(lab, "line_n")
    wide_page.screenshot("downstream-lab-ushape")
    lab.drag_slider("cutoff", 0.8)
    wide_page.wait_for_value("lab.cutoff", lambda value: value > 1e23)
    lab.settled()
    assert read(lab, "line_n") > models
    assert read(lab, "foretold") == pytest.approx(
        wide_page.value("lab.sheet().get('foretold')"), abs=6e-4
    )
    wide_page.assert_quiet()


def test_more_questions_tell_two_models_apart(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DownstreamLab(topic='signal')")
    assert read(lab, "difference_low") < 0
    needed = read(lab, "questions_needed")
    lab.drag_slider("test_questions", 0.95)
    wide_page.wait_for_value("lab.test_questions", lambda value: value > needed)
    assert read(lab, "difference_low") > 0
    lab.root.get_by_role("button", name="ARC-Challenge", exact=True).click()
    wide_page.wait_for_value("lab.test_questions", lambda value: value == 1172)
    lab.settled()
    assert read(lab, "difference_low") < 0
    wide_page.screenshot("downstream-lab-signal")
    wide_page.assert_quiet()


def test_it_has_room_in_a_narrow_window(lab_page: LabPage) -> None:
    lab_page.page.set_viewport_size({"width": 760, "height": 1100})
    lab = opened(lab_page, "sw.DownstreamLab()")
    width = lab.root.evaluate("(e) => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1]
    lab_page.screenshot("downstream-lab-narrow")
    lab_page.assert_quiet()
