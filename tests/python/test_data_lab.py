"""The DataLab without a browser: its cells are the library's own figures, its mistakes are told."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.lawbook import Law, closed_form
from scalewidgets.widgets.data import filter as data_filter
from scalewidgets.widgets.data import prune as data_prune
from scalewidgets.widgets.data.filter import LATER_EPOCHS
from scalewidgets.widgets.data.lab import DataLab
from scalewidgets.widgets.data.mixtures import ALIKE, REGMIX, SHUKOR, YE, best_mixture, mixing

REPEATED = closed_form("muennighoff2023")
OVERALL = closed_form("ye2024_data_mixing.overall")
DOMAINS = mixing(YE).domains


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
    rows = {row["split"]: row for row in lab.compared.iter_rows(named=True)}
    assert rows["best with repeats"]["loss"] == best
    assert rows["yours"]["epochs"] == lab.epochs
    plan = sw.allocate(lab.law, C=lab.C, unique_tokens=lab.unique_tokens)
    assert rows["best with repeats"]["N"] == pytest.approx(plan.N, rel=1e-3)


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
def test_one_pool_and_two_are_the_catalogues_laws(scored: Any) -> None:
    lab = DataLab(topic="filter", scored=scored, samples="200M", pool="10M", b_1=-0.3, tau_1=3.0)
    one = sw.law("goyal2024_qqt", constants=scored)
    two = sw.law("goyal2024_qqt.two_pools", constants=scored)
    at = {"n": 2e8, "j": LATER_EPOCHS}
    sheet = lab.sheet()
    strict = float(one.predict(P=1e7, b=-0.3, tau=3.0, **at))
    assert sheet.get("error_1") == pytest.approx(strict, rel=1e-12)
    pools = {"b_1": -0.3, "b_2": lab.b_2, "tau_1": 3.0, "tau_2": lab.tau_2}
    loose = float(two.predict(P=2e7, **pools, **at))
    assert sheet.get("error_2") == pytest.approx(loose, rel=1e-12)


def test_equal_pools_are_one_pool_of_their_size() -> None:
    """Four alike are no mixture: their exponent stays, and each lasts four times as long."""
    alike = {f"{name}_{i}": at for i in range(1, 5) for name, at in {"b": -0.2, "tau": 3.0}.items()}
    lab = DataLab(topic="filter", samples="300M", **alike)
    one = sw.law("goyal2024_qqt")
    for kept in (1, 2, 3, 4):
        error = one.predict(n=3e8, P=kept * lab.pool, b=-0.2, tau=3.0 * kept, j=LATER_EPOCHS)
        assert shown(lab, f"error_{kept}") == pytest.approx([float(error)], rel=1e-12)


def test_from_the_crossings_on_more_data_win() -> None:
    lab = DataLab(topic="filter")
    starts = lab.more_pays_from
    assert list(starts) == [2, 3, 4]
    assert 0 < starts[2] < starts[3] < starts[4]
    for kept, at in starts.items():
        below, above = lab.sheet().tabulate("best_kept", "samples", at * np.array([0.99, 1.01]))
        assert (below, above) == (kept - 1, kept)
    assert shown(lab, "crossing", "crossing_epochs") == [starts[2], starts[2] / lab.pool]
    table = lab.compared
    best = table.sort("error")["kept"][0]
    assert shown(lab, "best_kept") == [best]
    drawn = lab.sheet().rows(["row_error"], {"row_kept": "pool_rows"})[0]
    assert drawn.tolist() == table["error"].to_list()
    assert shown(lab, "best_error") == [table["error"].min()]
    lab.tau_1 = 3.0  # wears out more slowly: it pays longer to be strict
    assert lab.more_pays_from[2] > starts[2]
    lab.tau_1 = 50.0
    assert all(np.isnan(at) for at in lab.more_pays_from.values())
    lab.set(tau_1=2.0, b_2=-0.3)  # a better pool below the best: there is nothing to cross
    assert np.isnan(shown(lab, "crossing")[0])


def test_two_pools_cross_where_they_did_when_there_were_but_two() -> None:
    b, tau = (-0.25, -0.15), (4.0, 6.0)
    (at,) = data_filter.more_pays_from("tmars_imagenet1k", 1.28e7, b, tau)
    one, two = sw.law("goyal2024_qqt"), sw.law("goyal2024_qqt.two_pools")
    seen = {"n": at, "j": LATER_EPOCHS}
    strict = one.predict(P=1.28e7, b=b[0], tau=tau[0], **seen)
    loose = two.predict(P=2.56e7, b_1=b[0], b_2=b[1], tau_1=tau[0], tau_2=tau[1], **seen)
    assert float(strict) == pytest.approx(float(loose), rel=1e-9)


# --- mixing -----------------------------------------------------------------------------------


def cells(weights: tuple[float, ...]) -> tuple[tuple[str, float], ...]:
    return tuple((f"w_{name}", weight) for name, weight in zip(DOMAINS, weights, strict=True))


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
    assert dict(lab.compared.select("domain", "best").iter_rows()) == lab.best_mixture
    assert dict(lab.compared.select("domain", "yours").iter_rows()) == lab.mixture
    assert shown(lab, "ideal_mix_loss") == pytest.approx([3.030], abs=1e-3)


@pytest.mark.parametrize("weights", [(0.2,) * 5, (1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.5, 0.5, 0, 0)])
def test_no_mixture_beats_the_best(weights: tuple[float, ...]) -> None:
    best = best_mixture(YE, cells(weights))
    assert sum(best) == pytest.approx(1.0, abs=1e-12)
    assert min(best) >= 0.0
    names = dict(zip((f"s_{name}" for name in DOMAINS), weights, strict=True))
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
    lab.shares = {name: float(name == "prose") for name in DOMAINS}
    (found,) = lab.sheet().tabulate("if_prose", "axis_share", np.array([0.6]))
    among = {**dict.fromkeys(DOMAINS, 0.1), "prose": 0.6}
    assert found == pytest.approx(float(OVERALL.predict(r=among)), rel=1e-6)


def test_with_nothing_at_all_shares_are_equal() -> None:
    lab = DataLab(topic="mix", shares=dict.fromkeys(DOMAINS, 0.0))
    assert lab.mixture == dict.fromkeys(DOMAINS, 0.2)
    assert shown(lab, "r_prose") == [0.2]


@pytest.mark.parametrize("law", [YE, REGMIX, SHUKOR])
def test_the_triangle_holds_what_the_corners_share(law: Any) -> None:
    lab = DataLab(topic="mix", mixing=law)
    left, right, top = (lab.corners[corner] for corner in ("left", "right", "top"))
    lab.shares = {left: 0.5, right: 0.3, top: 0.2}
    x, y = shown(lab, "own_x", "own_y")
    assert y == pytest.approx(0.2 * np.sqrt(3) / 2)
    assert x == pytest.approx(0.3 + 0.1)
    (here,) = lab.sheet()._over(["loss_at"], {"axis_x": np.array([x]), "axis_y": np.array([y])})
    assert here == pytest.approx(shown(lab, "mix_loss"), rel=1e-9)


@pytest.mark.parametrize("law", [YE, SHUKOR])
def test_no_place_of_the_triangle_beats_its_best(law: Any) -> None:
    lab = DataLab(topic="mix", mixing=law)
    best = lab.best_in_triangle
    others = [name for name in best if name not in lab.corners.values()]
    assert {name: best[name] for name in others} == pytest.approx(
        {name: lab.mixture[name] for name in others}
    )
    right, top = (side.ravel() for side in np.mgrid[0.005:0.99:40j, 0.005:0.99:40j])
    inside = right + top < 0.995
    places = {"axis_x": (right + top / 2)[inside], "axis_y": np.sqrt(0.75) * top[inside]}
    (losses,) = lab.sheet()._over(["loss_at"], places)
    (least,) = shown(lab, "slice_loss")
    assert least <= losses.min() + 1e-9
    assert least == pytest.approx(losses.min(), rel=2e-3)
    assert shown(lab, "slice_known") == [1.0]


def test_a_stale_best_is_not_shown() -> None:
    """A page without Python cannot find another one when the others' shares have moved."""
    lab = DataLab(topic="mix")
    sheet = lab.sheet()
    assert sheet.tabulate("slice_known", "shares_dialogue", np.array([0.2, 0.4])).tolist() == [1, 0]
    before = dict(lab.facts)
    lab.shares = {"academic": 0.1, "prose": 0.3}  # within the triangle: nothing to ask
    assert lab.facts == before
    lab.shares = {"dialogue": 0.4}
    assert lab.facts != before
    assert shown(lab, "slice_known") == [1.0]


def test_corners_trade_places_and_go_with_the_law() -> None:
    lab = DataLab(topic="mix")
    assert lab.corners == {"left": "academic", "right": "internet", "top": "prose"}
    lab.corners = {**lab.corners, "left": "prose"}
    assert lab.corners == {"left": "prose", "right": "internet", "top": "academic"}
    lab.mixing = REGMIX
    assert lab.corners == {"left": "pile_cc", "right": "enron_emails", "top": "github"}
    with pytest.raises(traitlets.TraitError, match="is not a corner"):
        lab.corners = {"bottom": "pile_cc"}
    assert DataLab(topic="mix", corners={"top": "symbolic"}).corners["top"] == "symbolic"


def test_the_best_of_a_linear_law_is_a_corner() -> None:
    lab = DataLab(topic="mix", mixing=REGMIX)
    assert lab.best_mixture["enron_emails"] == pytest.approx(1.0)
    law = sw.law("liu2024_regmix")
    assert shown(lab, "ideal_mix_loss") == pytest.approx(
        [law.values["intercept"] + law.values["w_enron_emails"]]
    )


def test_regmix_runs_are_held_to_the_linear_law(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = DataLab(topic="mix", mixing=REGMIX, mixtures="regmix")
    sheet = lab.sheet()
    assert len(sheet.array("runs_loss")) == 512
    assert sheet.get("rank_correlation") == pytest.approx(0.90, abs=0.01)
    # the mean of the best predicted runs is near the mixture that Liu et al. trained: 0.870
    assert sheet.get("trusted_pile_cc") == pytest.approx(0.87, abs=0.05)
    assert sheet.get("trusted_loss") < sheet.get("least_measured")


def test_the_best_mixture_moves_with_size_unless_coefficients_are_alike() -> None:
    lab = DataLab(topic="mix", mixing=SHUKOR, N="1e8", D="2e9")
    small = lab.best_mixture
    lab.set(N=1e11, D=2e12)
    assert lab.best_mixture["first"] > small["first"] + 0.1
    drift = lab.sheet().array("drift_first")
    assert np.all(np.diff(drift) > 0)
    lab.constants = ALIKE
    large = lab.best_mixture
    assert np.ptp(lab.sheet().array("drift_first")) < 1e-4
    lab.set(N=1e8, D=2e9)
    assert lab.best_mixture == pytest.approx(large, abs=1e-4)
    law = sw.law("shukor2025_optimal_mixtures.additive")
    additive = {"E": 1.3, "alpha": 0.34, "beta": 0.28, "A": 400.0, "B": 1250.0}
    additive |= {f"C_{i}": lab.constants[f"C_{i}"] for i in (1, 2, 3)}
    additive |= dict.fromkeys(("gamma_1", "gamma_2", "gamma_3"), 0.4)
    loss = law.with_constants(**additive).predict(h=list(lab.mixture.values()), N=1e8, D=2e9)
    assert shown(lab, "mix_loss") == pytest.approx([float(loss)], rel=1e-12)


# --- pruning ----------------------------------------------------------------------------------


def test_errors_are_the_theorys() -> None:
    lab = DataLab(topic="prune", alpha_tot=8, kept=0.4)
    errors = dict(lab.compared.iter_rows())
    assert errors["hard"] == pytest.approx(0.062028, abs=1e-6)
    assert errors["easy"] == pytest.approx(0.073758, abs=1e-6)
    assert errors["all"] == pytest.approx(0.060904, abs=1e-6)
    assert shown(lab, "error_hard", "kept_examples") == [errors["hard"], 3.2]
    theory = sw.law("sorscher2022_pruning_theory.keep_hard")
    assert errors["random"] == pytest.approx(float(theory.predict(alpha_tot=3.2)))
    sheet = lab.sheet()
    at = data_prune.FRACTIONS.tolist().index(0.4)
    assert sheet.array("by_fraction_hard")[at] == errors["hard"]
    assert sheet.array("by_fraction_easy")[-1] == pytest.approx(errors["all"])  # all are kept


def test_few_examples_want_the_easy_ones_and_many_the_hard() -> None:
    lab = DataLab(topic="prune", alpha_tot=1.0, kept=0.4)
    sheet = lab.sheet()
    assert sheet.get("error_easy") < sheet.get("error_hard")
    gap = sheet.array("by_amount_easy") - sheet.array("by_amount_hard")
    assert gap[0] < 0 < gap[-1]
    assert np.sum(np.diff(np.sign(gap)) != 0) == 1


# --- the lab ----------------------------------------------------------------------------------


def test_only_the_topic_is_on_the_screen() -> None:
    lab = DataLab(topic="repeat")
    titles = {}
    for topic in ("repeat", "filter", "mix", "prune"):
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
    assert repr(lab) == (
        "DataLab(tmars_imagenet1k: the best pool alone, 2 from 25.8M, 3 from 145M, 4 from 498M "
        "samples)"
    )
    lab.tau_1 = 50.0
    assert repr(lab) == "DataLab(tmars_imagenet1k: the best pool alone)"
    lab.topic = "mix"
    assert repr(lab).startswith("DataLab(ye2024: best mixture academic 27.6%, prose 13.7%")
    lab.topic = "prune"
    assert repr(lab) == (
        "DataLab(8 examples per parameter, 40% kept: error hard 0.0620, easy 0.0738, "
        "random 0.1360, all 0.0609)"
    )


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
    with pytest.raises(traitlets.TraitError, match="there is no constant 'C_4'; there are C_1"):
        lab.constants = {"C_4": 1.0}
    with pytest.raises(traitlets.TraitError, match="must be positive"):
        lab.constants = {"C_1": 0.0}
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
