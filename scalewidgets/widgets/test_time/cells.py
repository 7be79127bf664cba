"""The TestTimeLab's cells: tries, a verifier that errs, prices, a lifetime of queries, a reward."""

from __future__ import annotations

from ...allocation.surfaces import plain_surface
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ..law_cells import pick, symbol
from ..solves import compute_optimal, least_compute, reach
from ..topics import asked
from ..vocabulary import Solve
from .facts import MOST_TRIES, RATES, node_trees

TOPICS = {
    "tries": "How many tries?",
    "verify": "What if the verifier errs?",
    "cost": "Small and often, or large and once?",
    "train": "Train more or think more?",
    "reward": "How far may a reward be pushed?",
}
MODELS = {
    **{f"pythia_{key}": f"Pythia {size}" for key, size in (("12b", "12B"), ("6p9b", "6.9B"))},
    **{f"pythia_{key}": f"Pythia {size}" for key, size in (("2p8b", "2.8B"), ("1b", "1B"))},
    **{f"pythia_{key}": f"Pythia {size}" for key, size in (("410m", "410M"), ("160m", "160M"))},
    "pythia_70m": "Pythia 70M",
    "claude_3p5_sonnet_binned": "Claude 3.5 Sonnet",
    "claude_3_opus_binned": "Claude 3 Opus",
    "gpt_4o_binned": "GPT-4o",
    "gpt_4o_mini_binned": "GPT-4o mini",
    "gemini_1p5_pro_binned": "Gemini 1.5 Pro",
    "gemini_1p5_flash_binned": "Gemini 1.5 Flash",
    "llama_3_8b_it_binned": "Llama 3 8B IT",
}
# Parameters as the models' names give them.
FAMILY = {
    "pythia_70m": 7e7,
    "pythia_160m": 1.6e8,
    "pythia_410m": 4.1e8,
    "pythia_1b": 1e9,
    "pythia_2p8b": 2.8e9,
    "pythia_6p9b": 6.9e9,
    "pythia_12b": 1.2e10,
}
FAMILY_TOKENS = 3e11  # of each, Biderman et al. 2023 (arXiv:2304.01373)
SHAPES = ("alpha", "beta", "scale")
HANDLES = (*SHAPES, "N", "N_large")
_NOWHERE: ex.Tree = ("sqrt", ("-", 0.0, "one"))  # not a number


def formulas(law: Law) -> dict[str, ex.Tree | str]:
    """All formulas; ``law`` is a loss over N and D."""
    return {
        **asked(TOPICS),
        "one": 1.0,
        "on_rates": "on_tries + on_verify + on_cost",
        "on_prices": "on_cost + on_train",
        "on_tasks": "1 - on_reward",
        "on_study": "on_tries*simulated",
        "zero": 0.0,
        **_rates(),
        **_tries(),
        **_verifier(),
        **_prices(),
        **_family(),
        **_plan(law),
        **_reward(),
    }


def solves(law: Law) -> list[Solve]:
    """The planner's two optima, and the best n of a best-of-n."""
    tree = _over_cells(law)
    # a solve follows what falls with D: the distance of n samples rises, its exp(-distance) falls
    near = _nearness(ex.rename(published("gao2022_overoptimization.kl_bon").tree, {"n": "D"}))
    return [
        compute_optimal(["dense_N", "dense_D"], tree, "C"),
        least_compute(["plan_N", "plan_D"], tree, "quality", "served"),
        reach("best_n", near, "best_nearness", at="one"),
    ]


# --- success rates ----------------------------------------------------------------------------


def _rates() -> dict[str, ex.Tree | str]:
    """Shape and size of the model in hand and of the larger one: as published or counted, until a
    hand holds them."""
    found: dict[str, ex.Tree | str] = {}
    sets = published(RATES).sets
    sizes: list[ex.Tree] = [FAMILY.get(name, "N") for name in MODELS]  # or as a hand says
    for name in SHAPES:
        values: list[ex.Tree] = [sets[model].values[name] for model in MODELS]
        found[f"base_{name}"] = pick("model", [*values, f"given_{name}"])
        found[f"large_{name}"] = pick("larger", [sets[one].values[name] for one in FAMILY])
    found["base_N"] = pick("model", [*sizes, "N"])
    found["base_N_large"] = pick("larger", list(FAMILY.values()))
    for name in HANDLES:
        found[f"set_{name}"] = f"where(held_{name} > 0, {name}, base_{name})"
    found["some_held"] = " + ".join(f"held_{name}" for name in HANDLES)
    return found


def unsolved(k: ex.Tree, role: str = "set") -> ex.Tree:
    """-log(coverage) with k tries."""
    constants: dict[str, ex.Tree] = {name: f"{role}_{name}" for name in SHAPES}
    return ex.substitute(published(RATES).tree, {**constants, "k": k})


def coverage(k: ex.Tree, role: str = "set") -> ex.Tree:
    """Share of problems that one of k tries solves."""
    return ("exp", ("neg", unsolved(k, role)))


def _tries() -> dict[str, ex.Tree | str]:
    far = published("schaeffer2025_monkey_power.asymptote_beta").tree
    slope = ex.substitute(ex.derivative(unsolved("tries_k"), "tries_k"), {"tries_k": "k"})
    return {
        "unsolved": unsolved("k"),
        "coverage": coverage("k"),
        "unsolved_end": unsolved(MOST_TRIES),
        "once": coverage(1.0),
        "tail": ex.substitute(far, {name: f"set_{name}" for name in SHAPES}),
        "exponent": ("neg", ("/", ("*", "k", slope), "unsolved")),
        "found_unsolved": unsolved("k", "found"),
        "found_coverage": coverage("k", "found"),
        "line_unsolved": "line_A*k**(-line_b)",
        "line_coverage": "exp(-line_unsolved)",
    }


# --- a verifier that errs ---------------------------------------------------------------------


def _verifier() -> dict[str, ex.Tree | str]:
    paper = "stroebl2024_inference_flaws"
    weight, rate = (
        ex.rename(tree, {name: f"set_{name}" for name in SHAPES}) for tree in node_trees()
    )
    verifier: dict[str, ex.Tree] = {"c": "completeness", "s": ("-", 1.0, "false_accept")}
    tasks: dict[str, ex.Tree] = {"p": ("/", weight, "weights"), "r": rate, **verifier}
    utility, ceiling = (
        ex.substitute(published(f"{paper}.{part}").tree, tasks) for part in ("utility", "ceiling")
    )

    def worth(right: ex.Tree, wrong: ex.Tree, k: ex.Tree = "k") -> ex.Tree:
        return ex.substitute(utility, {"V_correct": right, "V_false": wrong, "K": k})

    def kept(tree: ex.Tree) -> ex.Tree:
        """Of the answers that are given the share that is right."""
        return ("/", tree, ("+", tree, "wrong"))

    return {
        "weights": ("sum", weight),
        "right": worth(1.0, 0.0),
        "wrong": worth(0.0, 1.0),
        "trust": kept("right"),
        "utility": worth(1.0, ("neg", "price")),
        "ceiling": ceiling,
        "best_utility": worth(1.0, ("neg", "price"), "best_k"),
        "some_best": "where(best_k > 0, 1, 0)",
    }


# --- prices -----------------------------------------------------------------------------------


def flops(N: ex.Tree, k: ex.Tree) -> ex.Tree:
    """Of k tries at a problem, the prompt read once."""
    law = published("brown2024_monkeys.flops")
    at: dict[str, ex.Tree] = {"N": N, "n_samples": k, "layers": 0.0, "width": 0.0}
    return ex.substitute(law.tree, {**law.values, **at})


def affordable(N: ex.Tree, budget: ex.Tree) -> ex.Tree:
    """Tries that a budget a problem pays; it grows in proportion to what the prompt leaves."""
    first = flops(N, 0.0)
    return ("/", ("-", budget, first), ("-", flops(N, 1.0), first))


def _solved(tries: ex.Tree, role: str) -> ex.Tree:
    """Coverage, not a number with less than one try."""
    return ("where", ("<", tries, 1.0), _NOWHERE, coverage(tries, role))


def _prices() -> dict[str, ex.Tree | str]:
    exchange = published("snell2024_test_vs_pretrain.exchange_by_ratio")
    small, large = "set_N", "set_N_large"
    return {
        "price_of_k": flops(small, "k"),
        "price_of_large": flops(large, 1.0),
        "axis_low": flops(small, 1.0),
        "axis_high": flops(large, 100.0),
        "small_tries": affordable(small, "axis_C"),
        "large_tries": affordable(large, "axis_C"),
        "small_solves": _solved("small_tries", "set"),
        "large_solves": _solved("large_tries", "large"),
        "large_once": coverage(1.0, "large"),
        "small_dear": "price_of_k/coverage",
        "large_dear": ("/", flops(large, "k"), coverage("k", "large")),
        "large_once_dear": "price_of_large/large_once",
        "equal_price": flops(small, "equal_k"),
        "equal_share": "equal_price/price_of_large",
        "equal_dear": "equal_price/large_once",
        "same_price_k": affordable(small, "price_of_large"),
        "same_price_solves": _solved("same_price_k", "set"),
        "even_price": flops(large, "even_k"),
        "even_solves": coverage("even_k", "large"),
        # Snell et al.: tokens served once for each token of training
        "M": "set_N_large/set_N",
        "R": f"queries*decoded_tokens/{FAMILY_TOKENS!r}",
        "exchange": ex.substitute(exchange.tree, dict(exchange.values)),
        "exchange_solves": coverage("exchange", "set"),
    }


# --- a lifetime of queries --------------------------------------------------------------------


def _family() -> dict[str, ex.Tree | str]:
    """What each Pythia solves when training and all queries have the same FLOPs together."""
    trained = published("snell2024_test_vs_pretrain.flops")
    at: dict[str, ex.Tree] = {"D_pretrain": FAMILY_TOKENS, "D_inference": 0.0}
    training = ex.substitute(trained.tree, {**trained.values, **at})
    sets = published(RATES).sets

    def left(N: ex.Tree) -> ex.Tree:
        """Tries a query that the rest pays."""
        rest = ("/", ("-", "lifetime", ex.substitute(training, {"N": N})), "queries")
        return affordable(N, rest)

    found: dict[str, ex.Tree | str] = {
        "row_k": left("row_N"),
        "row_solves": _solved("row_k", "row"),
        "row_training": ex.substitute(training, {"N": "row_N"}),
    }
    names = [f"{name}_solves" for name in FAMILY]
    for name, N in FAMILY.items():
        constants: dict[str, ex.Tree] = {
            f"row_{shape}": sets[name].values[shape] for shape in SHAPES
        }
        tries = left(N)
        solved = ex.substitute(coverage(tries, "row"), constants)
        found[f"{name}_solves"] = ("where", ("<", tries, 1.0), 0.0, solved)
    best: ex.Tree = names[0]
    for name in names[1:]:
        best = ("max", best, name)
    size: ex.Tree = _NOWHERE
    for name, N in FAMILY.items():
        reached = ("where", (">=", f"{name}_solves", "family_solves"), N, size)
        size = ("where", (">", "family_solves", 0.0), reached, _NOWHERE)
    return {
        **found,
        "family_solves": best,
        "family_N": size,
        "family_k": left("family_N"),
        "family_training": (
            "/",
            ex.substitute(training, {"N": "family_N"}),
            "lifetime",
        ),
    }


def _over_cells(law: Law) -> ex.Tree:
    return ex.rename(plain_surface(law), {name: symbol(name) for name in law.values})


def _plan(law: Law) -> dict[str, ex.Tree | str]:
    """The model of the quality that C buys, of which the lifetime costs least."""
    quality = ex.substitute(_over_cells(law), {"N": "dense_N", "D": "dense_D"})
    return {
        **{symbol(name): f"fit_{name}" for name in law.values},
        "served": "queries*(prompt_tokens + k*decoded_tokens)",
        "quality": quality,
        "plan_train": "6*plan_N*plan_D",
        "plan_serve": "2*plan_N*served",
        "plan_total": "plan_train + plan_serve",
        "room": "1.5*dense_N",
        "dense_total": "C + 2*dense_N*served",
        "plan_saving": "1 - plan_total/dense_total",
        "plan_ratio": "plan_D/plan_N",
    }


# --- a reward ---------------------------------------------------------------------------------


def _nearness(distance: ex.Tree) -> ex.Tree:
    return ("exp", ("neg", distance))


def _reward() -> dict[str, ex.Tree | str]:
    paper = "gao2022_overoptimization"
    found: dict[str, ex.Tree | str] = {}
    for key, part in (("bon", "bon_by_size"), ("rl", "rl_by_size")):
        law = published(f"{paper}.{part}")
        own: dict[str, ex.Tree] = {"N": "N_reward", **law.values}
        found[f"{key}_gold"] = ex.substitute(law.tree, {**own, "d": ("sqrt", "KL")})
        for coefficient in ("alpha", "beta"):
            name = f"{coefficient}_{'bon' if key == 'bon' else 'RL'}"
            named = Law(name, definitions=law.definitions).tree
            found[name] = law.values.get(name) or ex.substitute(named, own)
        for quantity in ("best_KL", "best_reward"):
            found[f"{key}_{quantity}"] = published(f"{paper}.{key}_{quantity}").tree
    distance = published(f"{paper}.kl_bon").tree
    of_n = published(f"{paper}.bon_of_n").tree
    return {
        **found,
        "n_KL": distance,
        "n_gold": of_n,
        "best_nearness": _nearness("bon_best_KL"),
        "best_n_gold": "bon_best_reward",
        "given_up": "1 - n_gold/bon_best_reward",
    }
