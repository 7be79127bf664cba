"""The DataLab without a browser: its cells are the library's own figures, its mistakes are told."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.lawbook import Law
from scalewidgets.widgets.data_facts import LATER_EPOCHS, best_mixture, domains, known
from scalewidgets.widgets.data_lab import DataLab

REPEATED = known("muennighoff2023")
OVERALL = known("ye2024_data_mixing.overall")


def shown(lab: DataLab, *cells: str) -> list[float]:
    sheet = lab.sheet()
    return [sheet.get(cell) for cell in cells]


# --- repeating --------------------------------------------------------------------------------


def test_it_opens_at_the_compute_whose_best_split_is_published() -> None:
    """README of the authors' code: 8.67B parameters on 178B tokens, 2.2270; better 6.8B on 227B."""
    lab = DataLab(epochs=178 / 25)
    assert shown(lab, "own_N", "own_D") == pytest.approx([8.67e9, 178e9])
    assert shown(lab, "own_loss") == pytest.approx([2.2269634075087867], rel=1e-9)
    n, d, epochs = shown(lab, "best_N", "best_D", "best_epochs")
    assert n == pytest.approx(6.8e9, rel=0.01)
    assert d == pytest.approx(227e9, rel=0.01)
    assert epochs == pytest.approx(9.1, abs=0.05)
    assert (n, d) == pytest.approx((lab.plan.N, lab.plan.D), rel=1e-6)
    assert lab.plan.loss == pytest.approx(shown(lab, "best_loss")[0], rel=1e-9)


@pytest.mark.parametrize("epochs", [0.3, 1.0, 4.0, 40.0, 900.0])
def test_loss_and_worth_are_the_laws(epochs: float) -> None:
    lab = DataLab(C="1e22", unique_tokens="25B", epochs=epochs)
    d = 25e9 * epochs
    n = 1e22 / (6 * d)
    sheet = lab.sheet()
    assert sheet.get("own_loss") == pytest.approx(float(REPEATED.predict(N=n, D=d, U=25e9)))
    assert sheet.get("as_new") == pytest.approx(float(REPEATED.predict(N=n, D=d)))
    unique = min(25e9, d)  # fewer tokens than there are: none is repeated
    worth = float(sw.law("muennighoff2023.D_eff").predict(D=d, U=unique))
    assert sheet.get("own_worth") == pytest.approx(worth)
    assert sheet.get("value") == pytest.approx(worth / d)
    fading = np.exp(-(d / unique - 1) / REPEATED.values["R_D_star"])
    assert sheet.get("last_value") == pytest.approx(fading)


def test_no_split_of_the_compute_beats_the_best() -> None:
    lab = DataLab(C=3.24e23, unique_tokens=106e9)
    grid = np.geomspace(0.1, 1000, 400)
    losses = lab.sheet().tabulate("own_loss", "epochs", grid)
    best, at = shown(lab, "best_loss", "best_epochs")
    assert best <= losses.min()
    assert grid[losses.argmin()] == pytest.approx(at, rel=0.03)
    assert at == pytest.approx(12.75, abs=0.7)  # Fig. 13: Galactica should have had three times


def test_plentiful_data_are_not_repeated() -> None:
    lab = DataLab(C=1e20, unique_tokens=1e13)
    best, new = shown(lab, "best_N", "new_N")
    assert best == pytest.approx(new, rel=1e-6)
    assert shown(lab, "best_epochs")[0] < 1


def test_a_fit_brings_its_intervals() -> None:
    fit = sw.fit("hoffmann2022", sw.load_runs("simulated"))
    lab = DataLab(fit, C=1e23)
    assert {draw["cell"] for draw in lab.spec["draws"]} == {f"s_{name}" for name in fit.params}
    sheet = lab.sheet()
    for cell in ("best_epochs", "best_N", "own_loss"):
        ((low, high),) = sheet.intervals([cell])
        assert low < sheet.get(cell) < high
    plan = sw.allocate(fit, C=1e23, unique_tokens=lab.unique_tokens)
    assert sheet.get("best_N") == pytest.approx(plan.N, rel=1e-6)
    lab.law_name = "besiroglu2024"
    assert lab.draws is None
    assert not lab.spec["draws"]


def test_runs_are_held_to_the_law() -> None:
    n, d, u = np.array([1e9, 2e9, 1e8]), np.array([1e11, 5e10, 2e10]), np.array([1e10, 5e10, 1e9])
    loss = REPEATED.predict(N=n, D=d, U=u) * np.exp([0.0, 0.01, -0.02])
    lab = DataLab(runs={"N": n, "D": d, "U": u, "loss": loss})
    assert "residuals" in [plot["id"] for plot in lab.spec["plots"]]
    rows = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "U", "loss")}
    residual, epochs = lab.sheet().rows(["residual", "run_epochs"], rows)
    assert residual == pytest.approx([0.0, 0.01, -0.02], abs=1e-12)
    assert epochs == pytest.approx([10.0, 1.0, 20.0])
    lab.dataset = "none"
    assert "residuals" not in [plot["id"] for plot in lab.spec["plots"]]


def test_the_published_law_falls_short_of_its_runs_as_the_notes_say(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = DataLab(dataset="datablations")
    rows = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "U", "loss")}
    residual, epochs = lab.sheet().rows(["residual", "run_epochs"], rows)
    assert len(residual) == 182
    assert np.median(residual) == pytest.approx(0.076, abs=5e-4)
    assert np.median(residual[epochs < 1.01]) == pytest.approx(0.12, abs=5e-3)
    assert np.median(residual[epochs > 50.0]) == pytest.approx(0.01, abs=5e-3)
    size = np.abs(residual)
    huber = np.where(size < 1e-3, residual**2 / 2, 1e-3 * (size - 5e-4)).sum()
    assert huber == pytest.approx(0.015826, abs=5e-7)  # the catalogue's erratum


# --- filtering --------------------------------------------------------------------------------


@pytest.mark.parametrize("scored", ["tmars_imagenet1k", "clip_18tasks"])
def test_errors_are_the_laws(scored: Any) -> None:
    lab = DataLab(topic="filter", scored=scored, samples="200M", pool="10M", b_1=-0.3, tau_1=3.0)
    one = sw.law("goyal2024_qqt", constants=scored)
    two = sw.law("goyal2024_qqt.two_pools", constants=scored)
    at = {"n": 2e8, "j": LATER_EPOCHS}
    sheet = lab.sheet()
    strict = float(one.predict(P=1e7, b=-0.3, tau=3.0, **at))
    assert sheet.get("strict_error") == pytest.approx(strict)
    rest = float(one.predict(P=1e7, b=lab.b_2, tau=lab.tau_2, **at))
    assert sheet.get("rest_error") == pytest.approx(rest)
    pools = {"b_1": -0.3, "b_2": lab.b_2, "tau_1": 3.0, "tau_2": lab.tau_2}
    loose = float(two.predict(P=2e7, **pools, **at))
    assert sheet.get("loose_error") == pytest.approx(loose)


def test_from_the_crossing_on_the_looser_filter_wins() -> None:
    lab = DataLab(topic="filter")
    crossing = lab.looser_wins_from
    before, at, after = lab.sheet().tabulate("lead", "samples", crossing * np.array([0.9, 1, 1.1]))
    assert before < 0 < after
    assert at == pytest.approx(0.0, abs=1e-9)
    assert shown(lab, "crossing", "crossing_epochs") == [crossing, crossing / lab.pool]
    lab.tau_1 = 5.0  # wears out more slowly: it pays longer to be strict
    assert lab.looser_wins_from > crossing
    lab.tau_1 = 50.0
    assert np.isnan(lab.looser_wins_from)
    lab.set(tau_1=4.0, b_2=-0.3)  # the other pool is the better one: there is nothing to cross
    assert np.isnan(shown(lab, "crossing")[0])


# --- mixing -----------------------------------------------------------------------------------


def test_the_best_mixture_is_the_catalogues() -> None:
    lab = DataLab(topic="mix")
    expected = {
        "academic": 0.276,
        "prose": 0.137,
        "dialogue": 0.064,
        "symbolic": 0.115,
        "internet": 0.408,
    }
    assert lab.best_mixture == pytest.approx(expected, abs=1e-3)
    assert shown(lab, "ideal_mix_loss") == pytest.approx([3.030], abs=1e-3)


@pytest.mark.parametrize("weights", [(0.2,) * 5, (1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.5, 0.5, 0, 0)])
def test_no_mixture_beats_the_best(weights: tuple[float, ...]) -> None:
    best = best_mixture(weights)
    assert sum(best) == pytest.approx(1.0, abs=1e-12)
    assert min(best) >= 0.0
    names = dict(zip((f"s_{name}" for name in domains()), weights, strict=True))
    law = OVERALL.with_constants(**{**OVERALL.values, **names})
    others = np.random.default_rng(0).dirichlet(np.full(5, 0.5), 4000)
    near = 0.98 * np.array(best) + 0.02 * others
    least = float(law.predict(r=list(best)))
    assert least <= law.predict(r=others).min()
    assert least <= law.predict(r=near).min() + 1e-9


def test_losses_are_the_laws_at_shares_that_sum_to_one() -> None:
    lab = DataLab(topic="mix", shares={"academic": 3.0, "prose": 1.0})
    mixture = lab.mixture
    assert sum(mixture.values()) == pytest.approx(1.0)
    assert mixture["academic"] == pytest.approx(3.0 / 4.6)
    sheet = lab.sheet()
    for name, share in mixture.items():
        assert sheet.get(f"r_{name}") == pytest.approx(share)
        one = sw.law("ye2024_data_mixing", constants=name)
        assert sheet.get(f"loss_{name}") == pytest.approx(float(one.predict(r=mixture)))
    # the published weights sum to 1 to six digits
    assert sheet.get("mix_loss") == pytest.approx(float(OVERALL.predict(r=mixture)), rel=1e-6)


def test_a_domain_grows_while_the_others_shrink_alike() -> None:
    lab = DataLab(topic="mix")
    lab.shares = {**lab.shares, "prose": 0.4}
    grown = {name: 0.5 * share for name, share in lab.mixture.items() if name != "prose"}
    grown["prose"] = 1.0 - sum(grown.values())
    sheet = lab.sheet()
    (found,) = sheet.tabulate("if_prose", "axis_share", np.array([grown["prose"]]))
    assert found == pytest.approx(float(OVERALL.predict(r=grown)), rel=1e-6)
    lab.shares = {name: float(name == "prose") for name in domains()}
    (found,) = lab.sheet().tabulate("if_prose", "axis_share", np.array([0.6]))
    among = {**dict.fromkeys(domains(), 0.1), "prose": 0.6}
    assert found == pytest.approx(float(OVERALL.predict(r=among)), rel=1e-6)


def test_with_nothing_at_all_shares_are_equal() -> None:
    lab = DataLab(topic="mix", shares=dict.fromkeys(domains(), 0.0))
    assert lab.mixture == dict.fromkeys(domains(), 0.2)
    assert shown(lab, "r_prose") == [0.2]


# --- the lab ----------------------------------------------------------------------------------


def test_only_the_topic_is_on_the_screen() -> None:
    lab = DataLab(topic="repeat")
    titles = {}
    for topic in ("repeat", "filter", "mix"):
        lab.topic = topic
        titles[topic] = set(lab.snapshot()["plots"])
    assert all(titles.values())
    assert len(set.union(*titles.values())) == sum(map(len, titles.values()))


def test_its_text_says_the_answer() -> None:
    lab = DataLab()
    assert repr(lab) == (
        "DataLab(muennighoff2023 at 9.26e21 FLOP, 25B unique tokens: best 9.07 epochs with "
        "N=6.8B, loss=2.2253)"
    )
    lab.topic = "filter"
    assert repr(lab) == "DataLab(tmars_imagenet1k: the looser filter wins from 115M samples)"
    lab.tau_1 = 50.0
    assert repr(lab) == "DataLab(tmars_imagenet1k: the looser filter never wins)"
    lab.topic = "mix"
    assert repr(lab).startswith("DataLab(best mixture: academic 27.6%, prose 13.7%")


def test_mistakes_keep_the_last_good_picture() -> None:
    lab = DataLab()
    before = dict(lab.facts["arrays"])
    lab.law_name = "chen2025_qat"  # no loss over N and D
    assert "chen2025_qat" in lab.problem
    assert repr(lab).startswith("DataLab(problem: ")
    assert lab.facts["arrays"] == before
    lab.law_name = "muennighoff2023"
    assert lab.problem == ""
    with pytest.raises(traitlets.TraitError, match="there is no domain 'code'; there are academic"):
        lab.shares = {"code": 1.0}
    with pytest.raises(traitlets.TraitError, match=r"take at least 6\.4e\+06"):
        lab.pool = "1M"
    with pytest.raises(traitlets.TraitError, match=r"take at most 8e\+08"):
        lab.samples = "2B"
    with pytest.raises(TypeError, match="Did you mean 'unique_tokens'"):
        DataLab(unique_token=1e9)


def test_what_knows_no_repetition_is_refused() -> None:
    table = {"N": [1e9], "D": [1e10], "loss": [2.5]}
    with pytest.raises(ValueError, match="no column U"):
        DataLab(runs=table)
    with pytest.raises(ValueError, match=r"U must be positive, not so in runs \[0\]"):
        DataLab(runs=pl.DataFrame({**table, "U": [-1.0]}))
    values = {"E": 1.7, "A": 400.0, "B": 400.0, "a": 0.3, "b": 0.3}
    own = Law("E + A/N**a + B/(U**0.3*D**0.7)**b", constants=values, defaults={"U": "D"})
    with pytest.raises(ValueError, match="does not define D_eff"):
        DataLab(own)
