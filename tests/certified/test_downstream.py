"""Downstream laws of the catalogue against the runs, scores and models that they describe."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import curve_fit

from scalewidgets.lawbook import closed_form

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Array = npt.NDArray[np.float64]


# --- bhagia2024_ladder ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "task", "printed"),
    [
        ("hellaswag_train", "hellaswag_val_5shot", 0.002564809550553303),
        ("mmlu_train", "mmlu_avg_test_5shot", 0.00459955846280895),
    ],
)
def test_the_ladder_fits_its_own_runs_as_well_as_printed(
    shared: Path, runs: str, task: str, printed: float
) -> None:
    """Mean relative error of the task loss over the 16 runs (Fit Error in the authors' table)."""
    notes = tomllib.loads((shared / "laws/bhagia2024_ladder.toml").read_text(encoding="utf-8"))
    n, d, measured = np.array(notes["data"][runs]["N_D_bpb"]).T
    predicted = closed_form("bhagia2024_ladder.task_loss", task).predict(N=n, D=d)
    assert np.mean(np.abs(predicted / measured - 1)) == pytest.approx(printed, abs=1e-8)


# Shares of the groups of MMLU in its questions
MMLU = {"stem": 0.215, "humanities": 0.335, "social_sciences": 0.219, "other": 0.231}


@pytest.mark.parametrize(
    ("shares", "printed"),
    [
        ({"hellaswag_val": 1.0}, 0.831905996799469),
        ({"arc_challenge_test": 1.0}, 0.638054609298706),
        ({f"mmlu_{group}_test": share for group, share in MMLU.items()}, 0.5161402368605137),
    ],
)
def test_the_13b_model_scores_what_the_ladder_calls_actual(
    shared: Path, shares: dict[str, float], printed: float
) -> None:
    """Within a point: the authors average the last evaluations, the runs hold the last alone."""
    runs = pl.read_csv(shared / "data/olmo_ladder.csv").filter(pl.col("model") == "13B")
    score = sum(share * runs[f"acc_{t}_rc_5shot"].item() for t, share in shares.items())
    assert score == pytest.approx(printed, abs=0.01)


# --- gadre2024 --------------------------------------------------------------------------------

SETS = {"C4": "c4", "RedPajama": "redpajama", "RefinedWeb": "refinedweb"}


def over_trained(shared: Path, data: str) -> pl.DataFrame:
    runs = pl.read_csv(shared / "data/gadre_overtraining.csv")
    return runs.filter(pl.col("train_dataset") == data)


@pytest.mark.parametrize(("data", "set_name"), SETS.items())
def test_five_small_runs_give_the_constants_of_gadre(
    shared: Path, data: str, set_name: str
) -> None:
    ratio, size = pl.col("tokens_per_param"), pl.col("params")
    small = (size < 5e8) & (ratio == 20) | (size < 2e7) & (ratio == 320)
    runs = over_trained(shared, data).filter(small)
    assert runs.height == 5
    x = runs.select("params", "tokens_per_param").to_numpy().T.astype(float)

    def loss(x: Array, p: float, q: float, alpha: float, e: float) -> Any:
        return p * x[0] ** alpha + q * 6 ** (alpha / 2) * (x[0] * x[1]) ** alpha + e

    p, q, alpha, e = curve_fit(
        loss, x, runs["loss"].to_numpy(), p0=[100, 300, -0.3, 1.0], maxfev=10000
    )[0]
    ours = closed_form("gadre2024", set_name).values
    found = {"a": p * 6 ** (-alpha / 2), "b": q, "eta": -alpha / 2, "E": e}
    assert found == pytest.approx(ours, rel=1e-4)


@pytest.mark.parametrize(("data", "set_name"), SETS.items())
@pytest.mark.parametrize("tasks", [17, 46])
def test_six_runs_give_the_error_curve_of_gadre(
    shared: Path, data: str, set_name: str, tasks: int
) -> None:
    ratio, size = pl.col("tokens_per_param"), pl.col("params")
    used = (size < 2e9) & (ratio == 20) | (size < 2e7) & (ratio == 320)
    runs = over_trained(shared, data).filter(used)
    assert runs.height == 6

    def error(x: Array, k: float, gamma: float, eps: float) -> Any:
        return eps - k * np.exp(-gamma * x)

    found = curve_fit(error, runs["loss"].to_numpy(), runs[f"error_avg{tasks}"].to_numpy())[0]
    ours = closed_form("gadre2024.error", f"{set_name}_{tasks}").values
    names = ("k", "gamma", "eps")
    assert dict(zip(names, found, strict=True)) == pytest.approx(ours, rel=1e-4)


@pytest.mark.parametrize(
    ("size", "ratio", "column", "printed"),
    [
        (1439795200, 640, "loss", 2.502053562),
        (6889410560, 20, "error_avg17", 0.471637181),
    ],
)
def test_what_was_measured_of_the_large_runs_of_gadre(
    shared: Path, size: int, ratio: float, column: str, printed: float
) -> None:
    run = over_trained(shared, "RedPajama").filter(params=size, tokens_per_param=ratio)
    assert run[column].item() == pytest.approx(printed, abs=1e-9)


# --- cherti2022_clip --------------------------------------------------------------------------

CLIP = [
    ("imagenet", "imagenet1k", "acc1"),
    ("imagenet_robustness", "imagenet_robustness", "acc1"),
    ("mscoco", "mscoco_captions", "image_retrieval_recall5"),
    ("flickr30k", "flickr30k", "image_retrieval_recall5"),
]


def best_of_bins(x: Array, y: Array, bins: int = 5) -> tuple[Array, Array]:
    """The least y of each of equal bins in x, at the bins' middles."""
    edges = np.linspace(x.min(), x.max() + 0.1, bins + 1)
    place = np.digitize(x, edges) - 1
    return (edges[1:] + edges[:-1]) / 2, np.array([y[place == i].min() for i in range(bins)])


@pytest.mark.parametrize(("target", "downstream", "column"), CLIP)
@pytest.mark.parametrize("models", ["openclip", "openai_clip_wit"])
def test_the_models_of_cherti_give_their_constants(
    shared: Path, models: str, target: str, downstream: str, column: str
) -> None:
    by_openai = pl.col("train_data") == "CLIP-WIT"
    runs = pl.read_parquet(shared / "data/openclip_zeroshot.parquet").filter(
        pl.col("downstream") == downstream, by_openai if models != "openclip" else ~by_openai
    )
    x, y = np.log10(runs["gmacs_total"].to_numpy()), 1 - runs[column].to_numpy()
    if models == "openclip":
        x, y = best_of_bins(x, y)
    alpha, log_beta = np.polyfit(x, np.log10(y), 1)
    ours = closed_form("cherti2022_clip", f"{models}_{target}").values
    # some of the constants have three digits
    assert alpha == pytest.approx(ours["alpha"], abs=6e-5)
    assert 10**log_beta == pytest.approx(ours["beta"], rel=5e-5)
    label = closed_form("cherti2022_clip", f"{models}_{target}_label").values
    assert (round(10**log_beta, 2), round(alpha, 2)) == (label["beta"], label["alpha"])


def test_accuracy_measured_of_the_largest_clip_model(shared: Path) -> None:
    runs = pl.read_parquet(shared / "data/openclip_zeroshot.parquet")
    run = runs.filter(arch="ViT-H-14", downstream="imagenet1k")
    assert 100 * run["acc1"].item() == pytest.approx(77.972, abs=5e-4)


# --- ruan2024_observational -------------------------------------------------------------------

FAMILIES = {
    **{"Llama-2": "Llama_2", "Llama": "Llama", "Qwen1.5": "Qwen1_5", "Qwen": "Qwen"},
    **{"Falcon": "Falcon", "Pythia": "Pythia", "BLOOM": "BLOOM", "GPT-Neo/J": "GPT_Neo_J"},
    **{"OPT": "OPT", "XGLM": "XGLM", "CodeLlama": "CodeLlama", "StarCoder": "StarCoder"},
    **{"StarCoder2": "StarCoder2", "DeepSeek-Coder": "DeepSeek_Coder"},
}
TOO_SMALL = ("Llama-3", "Mistral", "Mixtral", "Yi", "Gemma", "Phi", "MPT")
PREREGISTERED = ("Qwen1.5-110B", "Mixtral-8x22B-v0.1", "Mistral-Nemo-Base-2407")
BENCHMARKS = {
    **{"MMLU": "mmlu", "ARC_C": "arc_c", "HellaSwag": "hellaswag", "Winograd": "winograd"},
    **{"TruthfulQA": "truthfulqa", "GSM8K": "gsm8k", "XWinograd": "xwinograd"},
    "HumanEval": "humaneval",
}


def first_component(x: Array) -> tuple[Array, Array, Array]:
    """Mean, loadings of the first component (their sum positive), shares of the variance."""
    mean = x.mean(axis=0)
    _, spread, loadings = np.linalg.svd(x - mean, full_matrices=False)
    first = loadings[0] * np.sign(loadings[0].sum())
    return mean, first, spread**2 / np.sum(spread**2)


def filled_in(x: Array) -> Array:
    """Scores with the missing ones from a one-component PCA of the scaled scores."""
    missing, mean, scale = np.isnan(x), np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    z = np.where(missing, 0, (x - mean) / scale)
    for _ in range(1000):
        centre, first, _ = first_component(z)
        z = np.where(missing, centre + np.outer((z - centre) @ first, first), z)
    return np.clip(z * scale + mean, 0, 1)


@pytest.fixture(scope="module")
def observed(shared: Path) -> tuple[pl.DataFrame, Array]:
    """The models of Ruan et al. and their scores."""
    models = pl.read_csv(shared / "data/observational_base_llms.csv").filter(
        pl.col("family").is_in([*FAMILIES, *TOO_SMALL]),
        ~pl.col("model").str.split("/").list.last().is_in(PREREGISTERED),
    )
    return models, filled_in(models.select(f"acc_{b}" for b in BENCHMARKS.values()).to_numpy())


def test_three_components_hold_the_scores(observed: tuple[pl.DataFrame, Array]) -> None:
    models, scores = observed
    assert (models.height, models["family"].n_unique()) == (77, 21)
    mean, first, shares = first_component(scores)
    assert shares[:3] == pytest.approx([0.802, 0.119, 0.046], abs=5e-4)
    assert shares[:3].sum() == pytest.approx(0.97, abs=0.01)
    ours = closed_form("ruan2024_observational.pc1").values
    found = {**dict(zip(BENCHMARKS, first, strict=True)), "offset": float(mean @ first)}
    assert found == pytest.approx(ours, abs=6e-5)


@pytest.mark.parametrize(("family", "set_name"), FAMILIES.items())
def test_families_climb_with_log_compute(
    observed: tuple[pl.DataFrame, Array], family: str, set_name: str
) -> None:
    models, scores = observed
    mean, first, _ = first_component(scores)
    used = ((models["family"] == family) & models["flops"].is_not_null()).to_numpy()
    c = models["flops"].to_numpy()[used] / 1e21
    capability = (scores[used] - mean) @ first
    theta, nu = np.polyfit(np.log10(c), capability, 1)
    law = closed_form("ruan2024_observational.capability", set_name)
    assert law.values == pytest.approx({"theta_f": theta, "nu_f": nu}, abs=6e-5)
    left = np.sum((capability - law.predict(C=c)) ** 2) / np.sum(
        (capability - capability.mean()) ** 2
    )
    assert 1 - left > 0.899


# --- closed forms beside the laws that they follow from -----------------------------------------

BON = ["rm_3m", "rm_85m", "rm_3b"]


@pytest.mark.parametrize("way", ["bon", "rl"])
@pytest.mark.parametrize("set_name", BON)
def test_the_best_distance_of_gao_is_where_the_reward_peaks(way: str, set_name: str) -> None:
    paper = "gao2022_overoptimization"
    d = np.geomspace(0.1, 100.0, 200_001)
    reward = closed_form(f"{paper}.{way}", set_name).predict(d=d)
    best = closed_form(f"{paper}.{way}_best_KL", set_name).predict()
    assert d[reward.argmax()] ** 2 == pytest.approx(float(best), rel=2e-4)
    greatest = closed_form(f"{paper}.{way}_best_reward", set_name).predict()
    assert reward.max() == pytest.approx(float(greatest), rel=1e-7)


@pytest.mark.parametrize("n", [1, 4, 1000, 60_000])
def test_best_of_n_of_gao_goes_by_the_distance_of_n_samples(n: int) -> None:
    paper = "gao2022_overoptimization"
    d = float(closed_form(f"{paper}.kl_bon").predict(n=n)) ** 0.5
    for set_name in BON:
        direct = closed_form(f"{paper}.bon_of_n", set_name).predict(n=n)
        assert direct == pytest.approx(closed_form(paper, set_name).predict(d=d), abs=1e-12)


def test_the_best_split_of_ghorbani_and_what_another_costs() -> None:
    split = closed_form("ghorbani2021_nmt.split_penalty")
    surface = closed_form("ghorbani2021_nmt").with_constants(
        a=1.0, Nbar_e=5e8, Nbar_d=5e8, L_inf=0.0, **split.values
    )
    share = np.linspace(0.01, 0.99, 9801)
    loss = surface.predict(N_e=(1 - share) * 1e9, N_d=share * 1e9)
    best = closed_form("ghorbani2021_nmt.decoder_share").predict()
    assert share[loss.argmin()] == pytest.approx(float(best), abs=1e-4)
    assert split.predict(share=share) == pytest.approx(loss / loss.min(), rel=1e-6)


def test_pairs_of_fang_are_the_cheapest_for_their_loss() -> None:
    costs = {"Z_data": 0.5, "Z_N": 2e-7}
    law = closed_form("fang2024_dense_retrieval", "msmarco")
    n = 4e7
    d = float(closed_form("fang2024_dense_retrieval.D_of_N").predict(N=n, **costs))
    money = costs["Z_data"] * d + costs["Z_N"] * n
    sizes = np.geomspace(n / 10, min(n * 10, 0.99 * money / costs["Z_N"]), 20_001)
    pairs = (money - costs["Z_N"] * sizes) / costs["Z_data"]
    assert sizes[law.predict(N=sizes, D=pairs).argmin()] == pytest.approx(n, rel=1e-3)


@pytest.mark.parametrize("x", [1e5, 1e10, 1e18])
def test_the_local_exponent_of_caballero_is_the_slope_in_logs(x: float) -> None:
    law = closed_form("caballero2022_bnsl.n_breaks")
    step = 1e-4
    ends = np.log(law.predict(x=x * np.exp([-step, step])) - law.values["a"])
    slope = closed_form("caballero2022_bnsl.local_exponent").predict(x=x)
    assert slope == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)
