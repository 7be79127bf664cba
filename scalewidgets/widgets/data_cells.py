"""The DataLab's cells: repeated tokens, pools of samples, shares of domains."""

from __future__ import annotations

from ..allocation.surfaces import plain_surface, real_surface, with_repetition
from ..lawbook import Law
from ..lawbook import expression as ex
from .data_facts import FIRST_SAMPLES, MIXING, ONE_POOL, TWO_POOLS, domains, known
from .law_cells import chosen, compute_optimal, pick, symbol
from .vocabulary import Solve

TOPICS = {
    "repeat": "How often to repeat the data?",
    "filter": "How strictly to filter them?",
    "mix": "How to mix them?",
}
# A split of the compute to its name.
SPLITS = {"own": "yours", "best": "best with repeats", "new": "best were all tokens new"}
RUN_ROWS = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "U", "loss")}
_LATER = symbol("j")


def formulas(law: Law) -> dict[str, ex.Tree | str]:
    """All formulas; ``law`` is a loss over N and D that knows or can be told repeated data."""
    asked: dict[str, ex.Tree | str] = {
        f"on_{key}": chosen("topic", position) for position, key in enumerate(TOPICS)
    }
    return {**asked, "zero": 0.0, **_repeating(law), **_filtering(), **_mixing()}


# --- repeating --------------------------------------------------------------------------------


def repeated_surface(law: Law) -> ex.Tree:
    """The loss over N, D and the cell ``unique_tokens``."""
    tree = real_surface(law, repeated=True, precision=False, served_bits=16.0)
    return _over_cells(law, tree)


def _over_cells(law: Law, tree: ex.Tree) -> ex.Tree:
    return ex.rename(tree, {**{n: symbol(n) for n in law.values}, "U": "unique_tokens"})


def effective_tokens(law: Law) -> ex.Tree:
    """What D tokens are worth in new ones, over the cell ``unique_tokens``.

    Raises
    ------
    ValueError
        For a law of its own words, which does not say so.
    """
    definitions = with_repetition(law).definitions
    if "D_eff" not in definitions:
        raise ValueError(
            f"DataLab: {law.id} does not define D_eff, what repeated tokens are worth; take "
            "muennighoff2023, or a law of the form E + A/N**alpha + B/D**beta"
        )
    return _over_cells(law, Law("D_eff", definitions=definitions).tree)


def _at(tree: ex.Tree, n: str, d: str) -> ex.Tree:
    return ex.substitute(tree, {"N": n, "D": d})


def _repeating(law: Law) -> dict[str, ex.Tree | str]:
    world, plain = repeated_surface(law), _over_cells(law, plain_surface(law))
    worth = effective_tokens(law)
    found: dict[str, ex.Tree | str] = {
        **{symbol(name): f"fit_{name}" for name in law.values},
        "own_D": "epochs*unique_tokens",
        "own_N": "C/(6*own_D)",
        "as_new": _at(plain, "own_N", "own_D"),
        "world_at": _at(world, "axis_N", "axis_D"),
        "plain_at": _at(plain, "axis_N", "axis_D"),
        "budget_D": "C/(6*axis_N)",
        "value": ("/", ex.substitute(worth, {"D": "own_D"}), "own_D"),
        "last_value": ex.substitute(ex.derivative(worth, "D"), {"D": "own_D"}),
        "best_value": "best_worth/best_D",
        "run_epochs": "run_D/run_U",
        "residual": (
            "log",
            ("/", "run_loss", ex.rename(_at(world, "run_N", "run_D"), {"unique_tokens": "run_U"})),
        ),
    }
    for axis in ("N", "D"):
        found |= {f"low_{axis}": f"best_{axis}/20", f"high_{axis}": f"20*best_{axis}"}
    for key in SPLITS:
        n, d = f"{key}_N", f"{key}_D"
        found |= {
            f"{key}_loss": _at(world, n, d),
            f"{key}_epochs": f"{d}/unique_tokens",
            f"{key}_ratio": f"{d}/{n}",
            f"{key}_worth": ex.substitute(worth, {"D": d}),
        }
    return found


def solves(law: Law) -> list[Solve]:
    """Best splits of the compute: as the law says, and as it would say were all tokens new."""
    trees = {"best": repeated_surface(law), "new": _over_cells(law, plain_surface(law))}
    return [compute_optimal([f"{key}_N", f"{key}_D"], tree, "C") for key, tree in trees.items()]


# --- filtering --------------------------------------------------------------------------------


def _filtering() -> dict[str, ex.Tree | str]:
    one, two = known(ONE_POOL), known(TWO_POOLS)
    shared: dict[str, ex.Tree] = {"n": "samples", "j": _LATER, "a": "scale", "d": "remaining"}

    def alone(which: int) -> ex.Tree:
        own: dict[str, ex.Tree] = {"P": "pool", "b": f"b_{which}", "tau": f"tau_{which}"}
        return ex.substitute(one.tree, {**shared, **own})

    return {
        "scale": pick("scored", [s.values["a"] for s in one.sets.values()]),
        "remaining": pick("scored", [s.values["d"] for s in one.sets.values()]),
        "strict_error": alone(1),
        "rest_error": alone(2),
        "loose_error": ex.substitute(two.tree, {**shared, "P": ("*", 2.0, "pool")}),
        "lead": "strict_error - loose_error",
        "strict_epochs": "samples/pool",
        "loose_epochs": "samples/(2*pool)",
        "first_sample": f"min(pool, {FIRST_SAMPLES!r})",
        "crossing_epochs": "crossing/pool",
    }


# --- mixing -----------------------------------------------------------------------------------


def domain_loss(name: str) -> ex.Tree:
    """Loss on a domain over the shares ``r_...`` of all domains."""
    law = known(MIXING)
    tree = Law(f"L_{name}", definitions=law.definitions).tree
    return ex.substitute(tree, dict(law.values))


def _mixing() -> dict[str, ex.Tree | str]:
    law, names = known(MIXING), domains()
    constants: dict[str, ex.Tree] = {n: v for n, v in law.values.items() if n[:2] != "s_"}
    constants |= {f"s_{name}": f"w_{name}" for name in names}
    overall = ex.substitute(law.tree, constants)

    def at(tree: ex.Tree, cells: dict[str, ex.Tree | str]) -> ex.Tree:
        return ex.substitute(tree, {f"r_{name}": cells[name] for name in names})

    ideal: dict[str, ex.Tree | str] = {name: f"ideal_{name}" for name in names}
    found: dict[str, ex.Tree | str] = {
        **_shares("r", "shares"),
        **_shares("w", "weights"),
        "mix_loss": overall,
        "ideal_mix_loss": at(overall, ideal),
        "mix_extra": "mix_loss/ideal_mix_loss - 1",
        "row_share": pick("bar_row", [f"r_{name}" for name in names]),
        "row_ideal": pick("bar_row", [f"ideal_{name}" for name in names]),
        "row_change": pick("bar_row", [f"change_{name}" for name in names]),
    }
    for name in names:
        # the others keep their proportions, or are alike where there is none of them
        among = f"where(r_{name} < 1, r_{{}}/(1 - r_{name}), {1 / (len(names) - 1)!r})"
        moved: dict[str, ex.Tree | str] = {
            n: ex.parse(f"(1 - axis_share)*{among.format(n)}") for n in names
        }
        found |= {
            f"loss_{name}": domain_loss(name),
            f"ideal_loss_{name}": at(domain_loss(name), ideal),
            f"change_{name}": f"ideal_loss_{name} - loss_{name}",
            f"if_{name}": at(overall, {**moved, name: "axis_share"}),
        }
    return found


def _shares(prefix: str, amounts: str) -> dict[str, str]:
    """Shares that sum to 1 whatever amounts a hand has set; see :func:`.data_facts.shares`."""
    names, total = domains(), f"{amounts}_sum"
    found = {total: " + ".join(f"{amounts}_{name}" for name in names)}
    for name in names:
        share = f"{amounts}_{name}/{total}"
        found[f"{prefix}_{name}"] = f"where({total} > 0, {share}, {1 / len(names)!r})"
    return found
