"""Laws of loss curves and of data mixtures against published curves and runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import minimize
from scipy.stats import spearmanr

import scalewidgets as sw

Schedule = sw.Schedule
Array = npt.NDArray[np.float64]

# --- Luo et al. 2025: nine schedules at three sizes -----------------------------------------

PEAK, WARMUP = 3e-4, 2160
SCHEDULES = {
    "constant_24000": Schedule.constant(PEAK, 24000, WARMUP),
    "constant_72000": Schedule.constant(PEAK, 72000, WARMUP),
    "cosine_24000": Schedule.cosine(PEAK, 24000, WARMUP),
    "cosine_72000": Schedule.cosine(PEAK, 72000, WARMUP),
    "wsd_20000_24000": Schedule.wsd(PEAK, 24000, WARMUP, decay=4000, shape="exponential"),
    "wsdld_20000_24000": Schedule.wsd(PEAK, 24000, WARMUP, decay=4000),
    **{
        f"wsdcon_{n}": Schedule.two_stage(PEAK, 16000, switch=8000, final=n / 30, warmup=WARMUP)
        for n in (3, 9, 18)
    },
}
TRAINED_ON = ("cosine_24000", "constant_24000", "wsdcon_9")
TESTED_ON = [name for name in SCHEDULES if name not in TRAINED_ON]

Curve = Callable[[str, str], tuple[Array, Array]]


@pytest.fixture(scope="module")
def curves(shared: Path) -> pl.DataFrame:
    return pl.read_parquet(shared / "data/mpl_loss_curves.parquet")


@pytest.fixture(scope="module")
def curve(curves: pl.DataFrame) -> Curve:
    """Steps and losses of one measured curve."""

    def found(size: str, schedule: str) -> tuple[Array, Array]:
        rows = curves.filter(model=size, schedule=schedule)
        return rows["step"].to_numpy(), rows["loss"].to_numpy()

    return found


def errors(law: Any, curve: Curve, size: str) -> dict[str, float]:
    """The figures of the authors' table: means over the six curves that no fit has seen."""
    rows = []
    for name in TESTED_ON:
        step, loss = curve(size, name)
        off = law.predict(schedule=SCHEDULES[name].at(step)) - loss
        rows.append(
            {
                "R2": 1 - float(off @ off / np.square(loss - loss.mean()).sum()),
                "MAE": float(np.abs(off).mean()),
                "RMSE": float(np.sqrt(np.square(off).mean())),
                "PredE": float(np.abs(off / loss).mean()),
                "WorstE": float(np.abs(off / loss).max()),
            }
        )
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_named_schedules_are_those_of_the_runs(curves: pl.DataFrame, schedule: str) -> None:
    rows = curves.filter(schedule=schedule)
    found = SCHEDULES[schedule].eta[rows["step"].to_numpy() - 1]
    assert found == pytest.approx(rows["lr"].to_numpy(), rel=5e-3)  # printed with few digits


@pytest.mark.parametrize(
    ("size", "printed"),
    [
        ("25M", ["0.9988", "0.00376", "0.00465", "0.00110", "0.00409"]),
        ("100M", ["0.9983", "0.00435", "0.00592", "0.00142", "0.00583"]),
        ("400M", ["0.9978", "0.00484", "0.00730", "0.00168", "0.00995"]),
    ],
)
def test_multi_power_law_predicts_the_curves_as_its_authors_say(
    curve: Curve, size: str, printed: list[str]
) -> None:
    """The table of errors in the README of the authors' repository, digit for digit."""
    found = errors(sw.law("luo2025_multi_power", f"m{size[:-1]}"), curve, size)
    digits = [f"{x:.{len(text) - 2}f}" for x, text in zip(found.values(), printed, strict=True)]
    assert digits == printed


@pytest.mark.parametrize(("size", "raised"), [("25M", 0.11), ("100M", 0.13), ("400M", 0.16)])
def test_multi_power_law_needs_the_rise_of_warm_up(curve: Curve, size: str, raised: float) -> None:
    """Without it in the sum the constants do not describe the curves (see errata)."""
    law = sw.law("luo2025_multi_power", f"m{size[:-1]}")
    step, loss = curve(size, "wsdld_20000_24000")
    whole = SCHEDULES["wsdld_20000_24000"]
    after = Schedule(whole.eta[WARMUP - 1 :], warmup=0).at(step - WARMUP + 1)
    with_rise = law.predict(schedule=whole.at(step))
    without = law.predict(schedule=after, SW=whole.features()["SW"])
    assert float((with_rise - without)[-1]) == pytest.approx(raised, abs=0.005)
    assert np.abs(with_rise - loss).mean() < 0.01
    assert np.square(without - loss).sum() > 0.45 * np.square(loss - loss.mean()).sum()


@pytest.mark.parametrize(
    ("size", "losses"),
    [
        ("25", [3.3458, 3.3152, 3.2663, 3.2654]),
        ("100", [3.0331, 2.9900, 2.9352, 2.9341]),
        ("400", [2.8168, 2.7571, 2.6998, 2.6994]),
    ],
)
def test_ranking_of_schedules_by_the_multi_power_law(size: str, losses: list[float]) -> None:
    """Constant, cosine, WSD, WSD with a linear decay: each ends lower than the one before."""
    law = sw.law("luo2025_multi_power", f"m{size}")
    names = ["constant_24000", "cosine_24000", "wsd_20000_24000", "wsdld_20000_24000"]
    found = [float(law.predict(schedule=SCHEDULES[name].at(23999))) for name in names]
    assert found == pytest.approx(losses, abs=5e-5)
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("size", "printed"), [("100", 2.794136776132377), ("400", 2.533218602559499)]
)
def test_optimised_schedule_of_the_multi_power_law(size: str, printed: float) -> None:
    """The authors descend over 21,840 rates (their logs end with the loss that they reach); a decay
    of three numbers, its start, power and end, comes within 5e-5 nats of it."""
    law = sw.law("luo2025_multi_power", f"m{size}")
    steps = 24000 - WARMUP
    t = np.arange(1, steps + 1)

    def loss(x: Array) -> float:
        start, power, final = x[0], x[1], abs(x[2])
        left = np.clip((steps - t) / (steps - start), 0, 1)
        rates = PEAK * (final + (1 - final) * left**power)
        return float(law.predict(schedule=Schedule(rates, warmup=0), SW=0.5 * PEAK * WARMUP))

    options = {"xatol": 1e-3, "fatol": 1e-8, "maxiter": 300}
    best = minimize(loss, [19000, 1.5, 0.01], method="Nelder-Mead", options=options)
    assert best.fun == pytest.approx(printed, abs=5e-5)
    assert 0.08 < 1 - best.x[0] / steps < 0.16  # a short decay (the authors': 12 % of the steps)
    assert 1.3 < best.x[1] < 2.0


# --- Tissue et al. 2024 ---------------------------------------------------------------------


COSINE_TO_0 = 1.5e-4 * (1 + np.cos(np.pi * np.arange(20000) / 20000))


@pytest.mark.parametrize(
    ("schedule", "forward", "annealing"),
    [
        (Schedule.constant(3e-4, 20000), 6.0, 0.0),
        (Schedule(COSINE_TO_0), 3.00015, 0.2963897),
        (Schedule.wsd(3e-4, 20000, decay=4000, final=0.0), 5.39985, 0.2264446),
        (Schedule.two_stage(3e-4, 16000, switch=8001, final=0.1), 2.64, 0.26990979),
    ],
    ids=["constant", "cosine", "linear", "two stages"],
)
def test_forward_and_annealing_areas(
    schedule: sw.Schedule, forward: float, annealing: float
) -> None:
    found = schedule.features()
    assert float(found["S1"] + found["S_peak"]) == pytest.approx(forward, rel=1e-6)
    S2 = sw.law("tissue2024_lr_annealing.S2").predict(schedule=schedule)
    assert float(S2) == pytest.approx(annealing, rel=1e-6)


@pytest.mark.parametrize(
    ("size", "expected", "of_luo"),
    [
        ("25M", {"R2": 0.99326, "MAE": 0.00732, "PredE": 0.00212, "WorstE": 0.01421}, 0.00376),
        ("100M", {"R2": 0.99588, "MAE": 0.00622, "PredE": 0.00200, "WorstE": 0.01008}, 0.00435),
        ("400M", {"R2": 0.99643, "MAE": 0.00658, "PredE": 0.00228, "WorstE": 0.00889}, 0.00484),
    ],
)
def test_annealing_law_on_the_curves_of_luo(
    curve: Curve, size: str, expected: Mapping[str, float], of_luo: float
) -> None:
    """The refits, on curves that they have not seen; whether a step 0 is counted moves the last
    digits. The multi-power law is closer (its mean absolute error is ``of_luo``)."""
    found = errors(sw.law("tissue2024_lr_annealing", f"refit_{size}"), curve, size)
    assert {k: found[k] for k in expected} == pytest.approx(expected, abs=1e-4)
    assert found["MAE"] > 1.3 * of_luo


# --- mixtures of data -----------------------------------------------------------------------


def best_mixture(law: Any, parts: int, **others: float) -> tuple[Array, float]:
    """The shares of least loss, and that loss."""

    def shares(x: Array) -> Array:
        return np.exp(x - np.logaddexp.reduce(x))

    def loss(x: Array) -> float:
        vector = next(iter(law.vectors))
        return float(law.predict(**{vector: shares(x)}, **others))

    found = minimize(loss, np.zeros(parts), method="BFGS", options={"gtol": 1e-9})
    return shares(found.x), float(found.fun)


def test_best_mixture_of_ye() -> None:
    shares, loss = best_mixture(sw.law("ye2024_data_mixing.overall"), 5)
    assert shares == pytest.approx([0.276, 0.137, 0.065, 0.116, 0.408], abs=1e-3)
    assert loss == pytest.approx(3.030, abs=5e-4)


def test_overall_loss_of_ye_is_the_weighted_sum_of_the_domains() -> None:
    overall, mixture = sw.law("ye2024_data_mixing.overall"), [0.5, 0.1875, 0.0625, 0.25, 0.0]
    domains = ["academic", "prose", "dialogue", "symbolic", "internet"]
    losses = [sw.law("ye2024_data_mixing", d).predict(r=mixture) for d in domains]
    weights = [overall.values[f"s_{d}"] for d in domains]
    assert sum(weights) == pytest.approx(1, abs=1e-9)
    assert float(overall.predict(r=mixture)) == pytest.approx(float(np.dot(weights, losses)))


SHUKOR = {
    **{"E": 1.5, "alpha": 0.3, "beta": 0.25},
    **dict(zip(["C_1", "C_2", "C_3"], [2.0, 1.0, 0.5], strict=True)),
    **dict(zip(["gamma_1", "gamma_2", "gamma_3"], [0.4, 0.6, 0.5], strict=True)),
}
JOINT = {
    **dict(zip(["CA_1", "CA_2", "CA_3"], [300.0, 900.0, 500.0], strict=True)),
    **dict(zip(["CB_1", "CB_2", "CB_3"], [4000.0, 900.0, 2000.0], strict=True)),
    **{"gamma_A": 0.9, "gamma_B": 0.8},
}


@pytest.mark.parametrize(
    ("part", "constants", "drifts"),
    [
        ("additive", {**SHUKOR, "A": 400.0, "B": 1500.0}, False),
        ("joint", {**SHUKOR, **JOINT}, True),
    ],
)
def test_best_mixture_of_shukor_by_scale(
    part: str, constants: Mapping[str, float], drifts: bool
) -> None:
    """The authors: in the additive law the best mixture is that of every scale (here with made-up
    constants, for none were published)."""
    law = sw.law(f"shukor2025_optimal_mixtures.{part}").with_constants(**constants)
    small, _ = best_mixture(law, 3, N=1e8, D=2e9)
    large, _ = best_mixture(law, 3, N=7e9, D=1e12)
    assert (np.abs(large - small).max() > 0.01) == drifts
    assert small.min() > 0.01


DOMAINS = [
    *("arxiv", "freelaw", "nih_exporter", "pubmed_central", "wikipedia_en", "dm_mathematics"),
    *("github", "philpapers", "stackexchange", "enron_emails", "gutenberg_pg_19", "pile_cc"),
    *("ubuntu_irc", "europarl", "hackernews", "pubmed_abstracts", "uspto_backgrounds"),
]


@pytest.fixture(scope="module")
def mixtures(shared: Path) -> pl.DataFrame:
    return pl.read_parquet(shared / "data/regmix_mixtures.parquet")


def test_weights_of_regmix_are_least_squares(mixtures: pl.DataFrame) -> None:
    runs = mixtures.filter(split="1M")
    shares = runs.select([f"mix_{d}" for d in DOMAINS]).to_numpy()
    design = np.column_stack([np.ones(runs.height), shares])
    fitted = np.linalg.lstsq(design, runs["loss_pile_cc"].to_numpy(), rcond=None)[0]
    values = sw.law("liu2024_regmix").values
    assert runs.height == 512
    assert fitted == pytest.approx(
        [values["intercept"], *(values[f"w_{d}"] for d in DOMAINS)], abs=5e-4
    )


@pytest.mark.parametrize(("split", "percent"), [("1M-test", 90.21), ("60M", 89.3), ("1B", 87.66)])
def test_regmix_ranks_runs_of_all_sizes(mixtures: pl.DataFrame, split: str, percent: float) -> None:
    """Spearman's correlation of the linear model; the paper has 90.08 (1M) and 88.01 (1B)."""
    runs = mixtures.filter(split=split)
    predicted = sw.law("liu2024_regmix").predict(
        **{f"r_{d}": runs[f"mix_{d}"].to_numpy() for d in DOMAINS}
    )
    found = spearmanr(predicted, runs["loss_pile_cc"].to_numpy()).statistic
    assert 100 * found == pytest.approx(percent, abs=0.05)


def test_regmix_does_not_know_losses_of_large_models(mixtures: pl.DataFrame) -> None:
    runs = mixtures.filter(split="1B")
    predicted = sw.law("liu2024_regmix").predict(
        **{f"r_{d}": runs[f"mix_{d}"].to_numpy() for d in DOMAINS}
    )
    assert (predicted - runs["loss_pile_cc"].to_numpy()).min() > 2.0


@pytest.mark.parametrize("N", [20e6, 1e9])
def test_a_language_pair_of_fernandes_is_a_smaller_model(N: float) -> None:
    """A weight p acts as the share f(p) of the parameters (made-up constants: none are printed)."""
    made_up = {"beta_1": 60.0, "alpha": 0.3, "L_inf": 1.2}
    pair = sw.law("fernandes2023_multilingual_nmt").with_constants(**made_up, c1=0.4, c2=0.7, c3=1)
    fraction = sw.law("fernandes2023_multilingual_nmt.fraction").with_constants(c1=0.4, c2=0.7)
    share = float(fraction.predict(p=0.3))
    assert share > 0.3
    assert float(pair.predict(N=N, p=0.3)) == pytest.approx(float(pair.predict(N=N * share, p=1)))
    beta_p = made_up["beta_1"] * share ** -made_up["alpha"]
    one = sw.law("fernandes2023_multilingual_nmt.per_weight").with_constants(
        beta_p=beta_p, alpha=made_up["alpha"], L_inf=made_up["L_inf"]
    )
    assert float(one.predict(N=N)) == pytest.approx(float(pair.predict(N=N, p=0.3)))
    back = sw.law("fernandes2023_multilingual_nmt.fraction_from_fits").with_constants(
        beta_1=made_up["beta_1"], beta_p=beta_p, alpha=made_up["alpha"]
    )
    assert float(back.predict()) == pytest.approx(share)
