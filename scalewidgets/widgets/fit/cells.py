"""The FitLab's cells: runs, three approaches, the truth, and how far apart they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...fitting.objective import KINDS
from ...lawbook import Law
from ...lawbook import expression as ex
from ..law_cells import chosen, symbol
from ..solves import compute_optimal
from ..vocabulary import Parabolas, Refit, Solve

# What is read for each run; a run that a hand has moved has its loss multiplied by its factor.
_FACTOR = {"run_factor": "runs_factor", "run_budget": "runs_budget"}
SIMULATED_ROWS = {
    "row_C": "row_C",
    "row_best": "row_best",
    "row_place": "row_place",
    "row_noise": "row_noise",
    **_FACTOR,
}
MEASURED_ROWS = {"run_N": "row_N", "run_D": "row_D", "run_C": "row_C", "row_loss": "row_loss"} | (
    _FACTOR
)
AGAINST = {"law_at_run": "predicted loss", "run_N": "N", "run_D": "D", "run_C": "C"}
CURVES = {"parabola": "parabola", "cubic": "cubic", "interpolated": "interpolated (Akima)"}

_TRUTH = "truth_"
_STEP = 1.1  # factor of compute over which local exponents are taken


def _own_truth(truth: Law) -> ex.Tree:
    """The law of a simulated study over the lab's cells."""
    names = {name: _TRUTH + name for name in truth.values}
    return ex.rename(truth.tree, names)


def formulas(law: Law, free: Sequence[str], truth: Law | None) -> dict[str, ex.Tree | str]:
    """Cells of a law fitted to measured runs, or to runs simulated from ``truth``."""
    found: dict[str, ex.Tree | str] = {
        "zero": 0.0,
        "is_huber": chosen("objective", list(KINDS).index("huber")),
        "some_changed": "excluded + nudged",  # a list's number is its length
        "C_up": f"{_STEP}*C",
        "loss_at_C": ex.substitute(_surface(law), {"N": "axis_N", "D": ex.parse("C/(6*axis_N)")}),
        "loss_at": ex.rename(_surface(law), {"N": "axis_N", "D": "axis_D"}),
        "is_parabola": f"has_curves*{chosen('curve', 0)}",
        "universe_N": "universe_k*C**universe_a",
        "some_held": " + ".join(["0", *(f"held_{name}" for name in free)]),
        "banded": "where(some_held > 0, 0, 1)",
        "a2_N": "a2_k*C**a2_a",
        "a2_D": "C/(6*a2_N)",
        "a1_N": "a1_k*C**a1_a",
        "a1_D": "C/(6*a1_N)",
        "a1_ratio": "a1_D/a1_N",
        **_of_runs(law, truth),
    }
    for name in law.values:
        found[symbol(name)] = (
            f"where(held_{name} > 0, wheel_{name}, fit_{name})" if name in free else f"fit_{name}"
        )
    for position, x in enumerate(AGAINST):
        found[f"against_{x}"] = chosen("against", position)
    surfaces = {"a2": _surface(law), **_surfaces(law, truth)}
    for key, tree in surfaces.items():
        found[f"{key}_ratio"] = f"{key}_D/{key}_N"
        found[f"{key}_loss"] = ex.rename(tree, {"N": f"{key}_N", "D": f"{key}_D"})
        if key != "a2":
            found[f"{key}_a"] = f"log({key}_N_up/{key}_N)/log({_STEP})"
        if truth is not None:
            found[f"{key}_off"] = f"{key}_N/truth_N - 1"
    return found


def _surfaces(law: Law, truth: Law | None) -> dict[str, ex.Tree]:
    """The loss over N and D by approach 3, and in truth where that is known."""
    return {"a3": _surface(law)} | ({} if truth is None else {"truth": _own_truth(truth)})


def _surface(law: Law) -> ex.Tree:
    """The law over N and D and the lab's cells for its constants."""
    filled = {k: ex.parse(text) for k, text in law.defaults.items()}
    tree = ex.substitute(law.tree, filled)
    return ex.rename(tree, {name: symbol(name) for name in law.values})


def _of_runs(law: Law, truth: Law | None) -> dict[str, ex.Tree | str]:
    found: dict[str, ex.Tree | str] = {
        "law_at_run": ex.rename(_surface(law), {"N": "run_N", "D": "run_D"}),
        "residual": "log(run_loss) - log(law_at_run)",
        "near": "max(0.12, exp(-log(run_C/C)*log(run_C/C)/0.25))",
    }
    if truth is None:
        return found | {"run_loss": "row_loss*run_factor"}
    shift = "off_centre + drift*(log10(row_C) - row_middle)"
    return found | {
        "run_C": "row_C",
        "run_N": f"10**(row_best + {shift} + width*row_place)",
        "run_D": "run_C/(6*run_N)",
        "true_loss": ex.rename(_own_truth(truth), {"N": "run_N", "D": "run_D"}),
        "run_loss": "true_loss*exp(noise*row_noise)*run_factor",
    }


def solves(law: Law, truth: Law | None) -> list[Solve]:
    """The optimum at C, and at a little more for the exponent there."""
    return [
        compute_optimal([f"{key}_N{end}", f"{key}_D{end}"], tree, budget)
        for key, tree in _surfaces(law, truth).items()
        for budget, end in (("C", ""), ("C_up", "_up"))
    ]


def refit(law: Law, free: Sequence[str], rows: Mapping[str, str]) -> Refit:
    at_run = ex.rename(_surface(law), {"N": "run_N", "D": "run_D"})
    return Refit(
        constants=[
            {
                "cell": f"fit_{name}",
                "name": symbol(name),
                "positive": not law.values[name] <= 0,
                "held": f"held_{name}",
            }
            for name in free
        ],
        loss=at_run,
        gradient=[ex.derivative(at_run, symbol(name)) for name in free],
        rows=rows,
    )


def parabolas(rows: Mapping[str, str]) -> Parabolas:
    return Parabolas(
        rows,
        group="run_budget",
        x="run_N",
        y="run_loss",
        active="is_parabola",
        curves={"x": "curve_N", "y": "curve_loss"},
        lowest={"group": "lowest_C", "x": "lowest_N", "y": "lowest_loss"},
        factor="a2_k",
        exponent="a2_a",
    )
