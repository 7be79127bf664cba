"""What the TestTimeLab shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from ...lawbook import Law
from ...lawbook import closed_form as published
from ..vocabulary import Axis, Curve, Marker, Page, Plot, Points, Rule, Trace
from .cells import HANDLES, SHAPES, formulas, solves
from .controls import groups
from .facts import MOST_TRIES
from .tables import tables

ASKS = (
    *("model", "larger", *HANDLES, "held", "problems", "samples", "seed"),
    *("completeness", "false_accept", "price", "prompt_tokens", "decoded_tokens"),
)
_OURS, _LARGE, _BEST, _RL = "law", "second", "inference", "precision"
_FOUND = "distribution found in the study"
_TRIES = Axis("tries a problem k", domain=(1.0, MOST_TRIES))
_SHARE = Axis("share of problems", "linear", domain=(0.0, 1.0), format=".0%")
_FAMILY_ROWS = {f"row_{name}": f"family_{name}s" for name in ("N", *SHAPES)}
_SOURCES = (
    "arXiv:2407.21787 and 2502.17578 (coverage), 2411.17501 (verifiers), 2408.03314 (exchange), "
    "2210.10760 (reward)"
)
_NOTES = (
    "A model's problems have success rates that are a scale times a Beta variable (Schaeffer et "
    "al. 2025). Pythia: 128 MATH problems, 10,000 samples each, refitted here to the published "
    "counts. The other models: jailbreaking with 159 prompts, the authors' fits of binned rates. "
    "Coverage beyond their samples is an extrapolation.",
    "Tries are independent and the verifier's errors too, once it is known whether an answer is "
    "right (Stroebl et al. 2024). A wrong answer costs its price, abstaining costs nothing.",
    "The prompt is read once and each try written anew, 2N FLOPs a token without attention (Brown "
    "et al. 2024). A FLOP of writing is dearer than one of training on most hardware.",
    "Exchange: the larger model reads the same tokens in training and answers once (Snell et al. "
    "2024). By repeated sampling three decades of training compute can stand in for six of "
    "inference where checking is cheap, one for 1.45 where it is not (Villalobos and Atkinson "
    "2023).",
    "One distribution is one benchmark: Pythia on MATH with a perfect verifier. What a lifetime of "
    "other queries is best spent on need not be the same.",
    "Rewards are read off figures of Gao et al. 2022, to about 0.003 in the coefficients, with "
    "reward models of 3M to 3B parameters: best-of-n up to 10 nats. Their two figures for "
    "reinforcement learning do not fit together: 12 % in beta.",
)


def test_time_page(law: Law, given: bool) -> Page:
    return Page(
        title="Test-time lab",
        teaches="Many tries solve what one does not: for whom, at what price, judged by whom?",
        source=_SOURCES,
        groups=groups(given),
        items={"u": "u"},
        formulas=formulas(law),
        solves=solves(law),
        plots=[
            *_tries_plots(),
            *_verify_plots(),
            *_cost_plots(),
            *_train_plots(),
            *_reward_plots(),
        ],
        tables=tables(),
        asks=ASKS,
        notes=_NOTES,
    )


# --- how many tries ---------------------------------------------------------------------------


def _tries_plots() -> list[Plot]:
    study = {"row_study_k": "study_k", "row_unbiased": "study_unbiased"}
    tail = {"row_study_k": "study_k", "row_tail": "study_tail"}
    return [
        Plot(
            "coverage",
            "Problems that one of k tries solves",
            _TRIES,
            _SHARE,
            [
                Trace("far_k", "low", "95 % of the distribution found", "muted", visible="found"),
                Trace("far_k", "high", "", "muted", visible="found"),
                Trace("far_k", "far_naive", "naive: observed rates as true ones", "chinchilla"),
                Curve(
                    "k",
                    "found_coverage",
                    "distribution found in the study",
                    _LARGE,
                    visible="found",
                ),
                Curve("k", "coverage", "rates as set", _OURS),
                Points(study, "row_study_k", "row_unbiased", "the study, without bias"),
                Marker("k", "coverage", "your k", "hand", drag="k"),
            ],
            wide=True,
            visible="on_tries",
        ),
        Plot(
            "tail",
            "The same as -log(coverage): a power law, in the end",
            _TRIES,
            Axis("-log(coverage), nats", format=".2~g", holds=["unsolved_end"]),
            [
                Curve("k", "tail", "k to the -alpha, the end", "muted", dash="5 4"),
                Curve("k", "line_unsolved", "straight line through the study", "chinchilla"),
                Curve(
                    "k",
                    "found_unsolved",
                    "distribution found in the study",
                    _LARGE,
                    visible="found",
                ),
                Curve("k", "unsolved", "rates as set", _OURS),
                Points(tail, "row_study_k", "row_tail", "the study"),
                Marker("k", "unsolved", "your k", "hand", drag="k"),
            ],
            visible="on_tries",
        ),
        Plot(
            "slope",
            "Its exponent depends on where one looks",
            _TRIES,
            Axis("exponent at k", "linear", format=".2f", holds=["zero"]),
            [
                Rule("y", "set_alpha", "alpha"),
                Rule("y", "line_b", "the straight line", "chinchilla"),
                Curve("k", "exponent", "rates as set", _OURS),
                Marker("k", "exponent", "your k", "hand", drag="k"),
            ],
            visible="on_tries",
        ),
    ]


# --- a verifier that errs ---------------------------------------------------------------------


def _verify_plots() -> list[Plot]:
    return [
        Plot(
            "answers",
            "Answers given: the first one that the verifier accepts",
            _TRIES,
            _SHARE,
            [
                Rule("y", "ceiling", "right, tries without end"),
                Curve("k", "coverage", "solved, were it perfect", "muted", dash="5 4"),
                Curve("k", "right", "right", _OURS),
                Curve("k", "wrong", "wrong", "chinchilla"),
                Curve("k", "trust", "right among those given", _LARGE),
                Marker("k", "right", "your k", "hand", drag="k"),
            ],
            wide=True,
            visible="on_verify",
        ),
        Plot(
            "utility",
            "Worth of a problem, when a wrong answer has a price",
            _TRIES,
            Axis("utility", "linear", format="+.2f"),
            [
                Rule("y", "zero", "abstaining"),
                Curve("k", "utility", "with the verifier", _OURS),
                Marker("best_k", "best_utility", "best", _BEST, "square", visible="some_best"),
                Marker("k", "utility", "your k", "hand", drag="k"),
            ],
            wide=True,
            visible="on_verify",
        ),
    ]


# --- prices -----------------------------------------------------------------------------------


def _cost_plots() -> list[Plot]:
    return [
        Plot(
            "budget",
            "What a budget of FLOPs a problem solves",
            Axis(
                "FLOPs a problem", holds=["price_of_k", "price_of_large", "axis_low", "axis_high"]
            ),
            _SHARE,
            [
                Curve("axis_C", "small_solves", "small model, many tries", _OURS),
                Curve("axis_C", "large_solves", "large model", _LARGE),
                Marker("price_of_large", "large_once", "large, once", _LARGE, "square"),
                Marker("equal_price", "large_once", "small, as good", _BEST, "diamond"),
                Marker("even_price", "even_solves", "equal", "muted", "cross"),
                Marker("price_of_k", "coverage", "your k", "hand"),
            ],
            wide=True,
            visible="on_cost",
        ),
        Plot(
            "dear",
            "FLOPs for each problem solved",
            _TRIES,
            Axis("FLOPs a solved problem"),
            [
                Curve("k", "small_dear", "small model", _OURS),
                Curve("k", "large_dear", "large model", _LARGE),
                Rule("y", "large_once_dear", "large, once", _LARGE),
                Marker("equal_k", "equal_dear", "small, as good", _BEST, "diamond"),
                Marker("k", "small_dear", "your k", "hand", drag="k"),
            ],
            wide=True,
            visible="on_cost",
        ),
    ]


# --- a lifetime -------------------------------------------------------------------------------


def _train_plots() -> list[Plot]:
    return [
        Plot(
            "family",
            "Equal FLOPs over the lifetime: train larger, or try more often?",
            Axis("parameters N", domain=(5e7, 2e10)),
            _SHARE,
            [
                Points(_FAMILY_ROWS, "row_N", "row_solves", "Pythia", _OURS, names="family_names"),
                Marker("family_N", "family_solves", "best", _BEST, "square"),
            ],
            visible="on_train",
        ),
        Plot(
            "load",
            "The best size, by how much it is used",
            Axis("queries", domain=(1e3, 1e15)),
            Axis("parameters N", domain=(5e7, 2e10)),
            [
                Curve("queries", "family_N", "most problems solved", _BEST),
                Marker("queries", "family_N", "yours", "hand", drag="queries"),
            ],
            visible="on_train",
        ),
        Plot(
            "plan",
            "Planner: the cheapest model of that quality, by tries a query",
            _TRIES,
            Axis("parameters N", holds=["room"]),
            [
                Rule("y", "dense_N", "Chinchilla", "chinchilla"),
                Curve("k", "plan_N", "least in all", _BEST),
                Marker("k", "plan_N", "your k", "hand", drag="k"),
            ],
            visible="on_train",
        ),
        Plot(
            "exchange",
            "How much longer the small one may think for the FLOPs of the large one",
            Axis("tokens served for each one of training", domain=(1e-3, 1e3), format=".2~g"),
            Axis("times the small model's tries", format=".3~g"),
            [
                Curve("R", "exchange", "equal FLOPs in all", _OURS),
                Rule("y", "k", "your k", "hand"),
                Marker("R", "exchange", "your queries", "hand"),
            ],
            visible="on_train",
        ),
    ]


# --- a reward ---------------------------------------------------------------------------------


def _reward_plots() -> list[Plot]:
    bon, rl = (published(f"gao2022_overoptimization.{name}").valid["d"] for name in ("bon", "rl"))

    def squared(span: tuple[float, float]) -> tuple[float, float]:
        return span[0] ** 2, span[1] ** 2

    gold = Axis("gold reward", "linear", domain=(-0.25, 1.5), format=".2f")
    nats = Axis("distance from the first policy, nats", domain=(0.1, 100.0), format=".2~g")
    best = {"bon": ("best of n: stop", _OURS), "rl": ("learning: stop", _RL)}
    return [
        Plot(
            "gold",
            "The true reward while the proxy's is pushed",
            nats,
            gold,
            [
                Curve("KL", "bon_gold", "best of n", _OURS, valid=squared(bon)),
                Curve("KL", "rl_gold", "reinforcement learning", _RL, valid=squared(rl)),
                *(
                    Marker(f"{key}_best_KL", f"{key}_best_reward", label, color, "square")
                    for key, (label, color) in best.items()
                ),
                Marker("KL", "bon_gold", "your distance", "hand", drag="KL"),
            ],
            wide=True,
            visible="on_reward",
        ),
        Plot(
            "gold_n",
            "Best of n as one uses it",
            Axis("samples n", domain=(1.0, 6e4)),
            Axis("gold reward", "linear", format=".2f"),
            [
                Curve("n", "n_gold", "gold reward", _OURS, valid=(1.0, 6e4)),
                Marker("best_n", "best_n_gold", "best", _BEST, "square"),
                Marker("n", "n_gold", "your n", "hand", drag="n"),
            ],
            visible="on_reward",
        ),
        Plot(
            "stop",
            "A larger reward model may be pushed further",
            Axis("parameters of the reward model", domain=(3e6, 3e9)),
            Axis("distance at which to stop, nats", format=".3~g"),
            [
                Curve("N_reward", "bon_best_KL", "best of n", _OURS),
                Curve("N_reward", "rl_best_KL", "reinforcement learning", _RL),
                Marker("N_reward", "bon_best_KL", "yours", "hand", drag="N_reward"),
            ],
            visible="on_reward",
        ),
    ]
