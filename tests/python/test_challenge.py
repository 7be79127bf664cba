"""The challenge: its rules, its secret, its traps, and the game in the lab without a browser."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import traitlets
from scipy.integrate import trapezoid

import scalewidgets as sw
from scalewidgets.challenge import LEVELS, ChallengeError, Game, Prediction, Result
from scalewidgets.challenge import hidden as secrets
from scalewidgets.challenge.designer import played
from scalewidgets.challenge.hidden import hidden
from scalewidgets.challenge.rules import BUDGET, DEAREST, HERO, RUNS
from scalewidgets.challenge.score import judge
from scalewidgets.widgets.challenge.lab import Challenge
from scalewidgets.widgets.wire import unpack

# The stream is PCG64's own and the losses have four decimals: no platform may change these.
FIRST_LOSSES = {
    "hero-run": [4.2643, 4.2925, 2.614],
    "off-centre": [3.4977, 3.4854, 2.2502],
    "tilted": [3.5542, 3.5589, 2.2957],
    "warm-up": [3.9867, 3.9798, 2.4479],
    "spikes": [3.5943, 3.7197, 2.3433],
}
REFUSED = {
    "too small": ("5M", "1M", "D = 1M is too small; it must be 10M at least"),
    "negative": (-1.0, "1B", "N = -1 is too small"),
    "misshapen": ("1M", "1T", "a run may have 0.1 to 10,000"),
    "too large": ("1B", "1T", "a thousandth of the hero run"),
    "no quantity": ("many", "1B", "'many' is not a quantity"),
}


def sweep(game: Game | Challenge) -> None:
    """What many would do: the same sizes around 20 tokens a parameter at five prices."""
    for price in (1e18, 1e19, 3e19, 1e20, 3.4e20):
        for ratio in np.geomspace(20 / 9, 20 * 9, 5):
            n = (price / 6 / ratio) ** 0.5
            game.run(n, ratio * n)


def by_fit(game: Game | Challenge, **options: Any) -> Prediction:
    found = sw.fit("hoffmann2022", game.runs, **options)
    n = float(found.N_opt(HERO))
    d = HERO / (6 * n)
    return Prediction(float(found.predict(N=n, D=d)), n, d)


# --- the rules --------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_and_a_seed_are_the_same_game_everywhere(level: str) -> None:
    game = Game(level, 7)
    assert [game.run("50M", "1B"), game.run("50M", "1B"), game.run("1B", "20B")] == (
        FIRST_LOSSES[level]
    )
    assert Game(level, 8).run("50M", "1B") != FIRST_LOSSES[level][0]


def test_a_run_is_paid_for_and_kept() -> None:
    game = Game(seed=1)
    loss = game.run(N="50M", D="1B tokens")
    assert game.left == pytest.approx(BUDGET - 6 * 50e6 * 1e9)
    assert game.runs_left == RUNS - 1
    table = sw.read_runs(game.runs)
    assert table.select("N", "D", "C", "loss").row(0) == (50e6, 1e9, 3e17, loss)


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_rules_forbid_is_refused_and_not_paid(case: str) -> None:
    n, d, told = REFUSED[case]
    game = Game()
    with pytest.raises(ValueError, match=told):
        game.run(n, d)
    assert game.left == BUDGET
    assert game.runs.is_empty()


def test_money_and_runs_come_to_an_end() -> None:
    rich = Game()
    for _ in range(3):
        rich.run(DEAREST / 6 / 5e10, 5e10)
    assert rich.left == pytest.approx(0.0, abs=1e-9 * BUDGET)
    with pytest.raises(ChallengeError, match=r"0 are left of 3e21"):
        rich.run("50M", "1B")
    busy = Game()
    for _ in range(RUNS):
        busy.run("50M", "1B")
    with pytest.raises(ChallengeError, match=f"all {RUNS} runs have been made"):
        busy.run("50M", "1B")


def test_a_prediction_must_be_possible_and_is_the_last_word() -> None:
    game = Game()
    for said, told in (
        ((1.9, "70B", "1T"), r"that is D = 2.38T. Leave D out"),
        ((-1.9, "70B"), "loss must be above zero"),
        ((float("nan"), "70B"), "loss must be above zero and finite"),
        ((1.9, 0.0), "N must be above zero"),
    ):
        with pytest.raises(ChallengeError, match=told):
            game.submit(*said)
    assert game.score is None
    assert game.submit(1.9, "70B", "2.4T") is game.score
    for again in (lambda: game.submit(1.9, "70B"), lambda: game.run("50M", "1B")):
        with pytest.raises(ChallengeError, match="this game is over"):
            again()


def test_unknown_levels_and_seeds_are_refused() -> None:
    with pytest.raises(ChallengeError, match="Did you mean 'warm-up'"):
        Game("warmup")
    for seed in (-1, 1.5, True, "7"):
        with pytest.raises(ChallengeError, match="seed: it must be a whole number"):
            Game(seed=seed)  # type: ignore[arg-type]


# --- what is hidden ---------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_laws_are_drawn_from_the_ranges_of_their_level(level: str) -> None:
    ranges = LEVELS[level]
    seen = set()
    for seed in range(60):
        law = hidden(level, seed).law
        n, d = float(law.N_opt(DEAREST)), float(law.D_opt(DEAREST))
        exponents = (law.values["alpha"], law.values["beta"])
        inside = [
            all(low <= x <= high for x, (low, high) in zip(exponents, spans, strict=True))
            for spans in ranges.exponents
        ]
        assert any(inside)
        within = [low <= d / n * (1 + 1e-9) <= high * (1 + 2e-9) for low, high in ranges.ratios]
        assert any(within)
        assert 0.4 <= float(law.predict(N=n, D=d)) - law.values["E"] <= 0.6
        seen.add((inside.index(True), within.index(True)))
    assert len(seen) == len(ranges.exponents) * len(ranges.ratios)  # each alternative is taken


def test_warming_up_costs_the_area_under_the_learning_rate() -> None:
    truth = hidden("warm-up", 3)
    for d in (0.3 * truth.warmup, truth.warmup, 5 * truth.warmup):
        steps = np.linspace(0, d, 100_001)
        area = trapezoid(np.minimum(steps / truth.warmup, 1.0), steps)
        assert truth.clean(d) == pytest.approx(area, rel=1e-6)
    assert hidden("hero-run", 3).clean(1e7) == 1e7


def test_noise_has_the_spread_that_it_is_said_to_have() -> None:
    truth = hidden("hero-run", 5)
    exact = float(truth.law.predict(N=1e9, D=2e10))
    errors = np.log([truth.measure(i, 1e9, 2e10) / exact for i in range(2000)])
    assert np.std(errors) == pytest.approx(secrets.NOISE, rel=0.05)
    assert abs(np.mean(errors)) < 4 * secrets.NOISE / 2000**0.5


def test_one_run_in_six_goes_wrong_where_the_cluster_is_busy() -> None:
    truth = hidden("spikes", 5)
    exact = float(truth.law.predict(N=1e9, D=2e10))
    errors = np.log([truth.measure(i, 1e9, 2e10) / exact for i in range(2000)])
    assert np.mean(errors > 0.0125) == pytest.approx(1 / 6, abs=0.03)


def numbers_in(found: Any) -> Iterator[float]:
    """Every number in a state, those in packed arrays and in texts included."""
    if isinstance(found, dict) and {"dtype", "data"} <= found.keys():
        yield from map(float, unpack(found))
    elif isinstance(found, dict):
        for value in found.values():
            yield from numbers_in(value)
    elif isinstance(found, list | tuple):
        for value in found:
            yield from numbers_in(value)
    elif isinstance(found, int | float):
        yield float(found)


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_that_is_saved_tells_the_answer_before_the_end(level: str) -> None:
    lab = Challenge(level, 12)
    sweep(lab)
    truth = hidden(level, 12)
    n = float(truth.law.N_opt(HERO))
    secret = [*truth.law.values.values(), n, float(truth.law.predict(N=n, D=HERO / 6 / n))]
    secret += [truth.warmup] * bool(truth.warmup)

    def leaks() -> list[float]:
        state = {k: v for k, v in lab.get_state().items() if k not in ("_esm", "_code", "_css")}
        shown = np.array([x for x in numbers_in(state) if np.isfinite(x)])
        return [x for x in secret if np.any(np.abs(shown - x) <= 1e-9 * abs(x))]

    told = " ".join([repr(lab), str(lab.facts["strings"]), json.dumps(lab.spec), lab.code])
    assert leaks() == []
    assert not [x for x in secret if f"{x:.5g}" in told]
    assert LEVELS[level].explanation not in told
    lab.submit(1.9, "100B")
    assert n in leaks()  # the search finds what is there


# --- the score --------------------------------------------------------------------------------


def test_the_truth_gets_all_points() -> None:
    law = hidden("tilted", 2).law
    n = float(law.N_opt(HERO))
    game = Game("tilted", 2)
    score = game.submit(float(law.predict(N=n, D=HERO / (6 * n))), n)
    assert score.points == pytest.approx(100.0)
    assert score.constants == law.values
    assert score.player.regret == pytest.approx(0.0, abs=1e-12)


def test_points_are_halved_as_the_rules_say() -> None:
    any_prediction = Prediction(1.9, 1e11, HERO / 6e11)
    for loss_error, factor, points in (
        (0.02, 1.0, 75.0),
        (-0.02, 1.0, 75.0),
        (0.0, 2.0, 75.0),
        (0.0, 0.25, 62.5),
        (0.04, 0.5, 37.5),
    ):
        assert Result(any_prediction, loss_error, factor, 0.0).points == pytest.approx(points)


def test_a_score_tells_errors_and_truth() -> None:
    game = Game("warm-up", 4)
    law = hidden("warm-up", 4).law
    score = game.submit(2.0, "300B")
    n = float(law.N_opt(HERO))
    assert score.player.N_factor == pytest.approx(300e9 / n)
    best = float(law.predict(N=n, D=HERO / (6 * n)))
    assert score.player.loss_error == pytest.approx(2.0 - best)
    assert score.player.regret == pytest.approx(float(law.predict(N=3e11, D=HERO / 1.8e12)) - best)
    assert score.player.regret > 0
    text = score.summary()
    assert LEVELS["warm-up"].explanation in text
    assert f"{law.values['alpha']:.5g}" in text
    assert repr(score) == f"Score({score})"


@pytest.mark.parametrize("level", LEVELS)
def test_the_designer_keeps_to_the_rules(level: str) -> None:
    game = Game(level, 0)
    for n, d, loss in played(level, 0).iter_rows():
        assert game.run(n, d) == loss
        assert d >= 20 * hidden(level, 0).warmup
    assert game.left < 0.15 * BUDGET


def test_the_designer_is_hard_to_beat_and_the_traps_are_traps() -> None:
    points: dict[str, list[float]] = {"designer": [], "sweep": [], "least squares": []}
    for level in ("warm-up", "spikes"):
        for seed in (0, 1):
            game = Game(level, seed)
            sweep(game)
            points["least squares"].append(
                judge(
                    level, seed, squares := by_fit(game, objective="least_squares"), squares
                ).points
            )
            said = by_fit(game)
            score = game.submit(said.loss, said.N)
            points["sweep"].append(score.points)
            points["designer"].append(score.designer.points)
    assert np.mean(points["designer"]) > np.mean(points["sweep"]) + 10
    assert np.mean(points["least squares"][2:]) < np.mean(points["sweep"][2:]) - 10  # spikes


# --- the lab ----------------------------------------------------------------------------------


def fact(lab: Challenge, name: str) -> float:
    return float(unpack(lab.facts["numbers"])[lab.facts["names"].index(name)])


def test_the_button_buys_one_run_where_the_sliders_are() -> None:
    lab = Challenge("hero-run", 7, N="50M", D="1B")
    assert pytest.approx(3e17) == lab.C
    for count in (1, 2):
        lab.buy = True
        assert not lab.buy
        assert lab.runs.height == count
    assert lab.runs["loss"].to_list() == FIRST_LOSSES["hero-run"][:2]
    assert fact(lab, "left") == lab.left == pytest.approx(BUDGET - 6e17)
    lab.C = 1.2e18  # keeps the shape
    assert pytest.approx((1e8, 2e9)) == (lab.N, lab.D)


@pytest.mark.parametrize(("name", "value"), [("D", 1e308), ("N", 1e-308), ("C", 1e200)])
def test_what_6nd_cannot_follow_is_refused(name: str, value: float) -> None:
    lab = Challenge()
    before = lab.N, lab.D, lab.C
    with pytest.raises(traitlets.TraitError, match=rf"^{name} = .* is beyond all runs$"):
        lab.set(**{name: value})
    assert before == (lab.N, lab.D, lab.C)


def test_a_refusal_is_told_and_goes_away() -> None:
    lab = Challenge()
    lab.set(N="10B", D="1T", buy=True)
    assert "a thousandth of the hero run" in lab.problem
    assert "problem" in repr(lab)
    assert not lab.buy
    assert lab.runs.is_empty()
    lab.buy = True  # the same once more is told once more
    assert "a thousandth of the hero run" in lab.problem
    lab.set(N="50M", D="1B", buy=True)
    assert lab.problem == ""
    assert lab.runs.height == 1
    lab.submitted = True
    assert "set the loss and N by hand" in lab.problem
    assert not lab.submitted


def test_the_players_fit_is_drawn_and_leaves_runs_out() -> None:
    lab = Challenge("warm-up", 2)
    assert lab.status() == ("note", "No fit yet: 5 constants need 6 runs; here are 0.")
    assert np.isnan(fact(lab, "fit_alpha"))
    sweep(lab)
    expected = sw.fit("hoffmann2022", lab.runs).params
    assert fact(lab, "fit_alpha") == pytest.approx(expected["alpha"])
    lab.excluded = [0, 1]
    assert lab.fit.used == lab.runs.height - 2
    assert fact(lab, "fit_alpha") == lab.fit.params["alpha"] != expected["alpha"]
    lab.objective = "least_squares"
    assert lab.fit.objective.kind == "least_squares"
    assert fact(lab, "fit_hero_N") == pytest.approx(float(lab.fit.N_opt(HERO)))


def test_what_is_submitted_is_the_fit_or_the_hand() -> None:
    lab = Challenge("tilted", 2)
    sweep(lab)
    lab.set(said={"loss": 1.777, "N": 5e10}, held={"loss": True})
    lab.submitted = True
    assert lab.score is not None
    assert lab.submitted
    assert lab.score.prediction.loss == 1.777
    assert pytest.approx(float(lab.fit.N_opt(HERO))) == lab.score.prediction.N
    assert fact(lab, "truth_N") == lab.score.truth.N
    assert fact(lab, "you_points") == lab.score.points
    assert lab.score.explanation in lab.facts["status"]["text"]
    assert str(lab.score) in repr(lab)
    lab.set(N="50M", D="1B", buy=True)
    assert "this game is over" in lab.problem


def test_a_prediction_from_python_is_shown_and_the_game_can_be_played_again() -> None:
    lab = Challenge("hero-run", 3)
    lab.run("50M", "1B")
    lab.run("1B", "20B")
    score = lab.submit(1.9, "100B")
    assert lab.submitted
    assert lab.said == {"loss": 1.9, "N": 1e11}
    names: dict[str, Any] = {"sw": SimpleNamespace(Challenge=Game)}
    exec(lab.code.replace("import scalewidgets as sw", ""), names)
    again = names["game"]
    assert again.runs.equals(lab.runs)
    assert again.score == score
