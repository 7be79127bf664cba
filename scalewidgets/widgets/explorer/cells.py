"""The Explorer's cells: formulas, optima and the browser's refit, made from one law's tree."""

from __future__ import annotations

from collections.abc import Sequence

from ...allocation.plan import TRAINING_BITS, plain_surface
from ...fitting.objective import KINDS
from ...lawbook import Law
from ...lawbook import expression as ex
from ...lawbook.precision import BITS, bit_factors
from ..law_cells import chosen
from ..solves import bit_optimal, compute_optimal, least_compute
from ..vocabulary import Refit, Solve

RUN_ROWS = {"run_N": "runs_N", "run_D": "runs_D", "run_C": "runs_C", "run_loss": "runs_loss"}
STRATEGIES = {
    "chinchilla": "Chinchilla",
    "inference": "inference-aware",
    "precision": "precision-aware",
}


def losses(law: Law) -> tuple[ex.Tree, ex.Tree]:
    """The law at 16 bits over N and D, and with bits; further variables at their defaults."""
    plain = plain_surface(law)
    if "P_w" in law.variables:
        return plain, law.tree
    penalty = ex.parse(bit_factors()[1])
    return plain, ("+", ex.substitute(plain, {"N": ("*", "N", "share")}), penalty)


def formulas(
    law: Law, free: Sequence[str], plain: ex.Tree, precise: ex.Tree
) -> dict[str, ex.Tree | str]:
    run_near = "exp(-log(run_C/C)*log(run_C/C)/0.25)"
    found: dict[str, ex.Tree | str] = {
        "share": bit_factors()[0],
        "loss": precise,
        "loss_at_C": ex.substitute(precise, {"D": ex.parse("C/(6*N)")}),
        "tokens_per_parameter": "D/N",
        "train_flops": "6*N*D",
        "inference_flops": "2*N*inference_tokens",
        "law_at_run": ex.substitute(plain, {"N": "run_N", "D": "run_D"}),
        "residual": "log(run_loss) - log(law_at_run)",
        "near": f"max(0.12, {run_near})",
        "zero": 0.0,
        "is_huber": chosen("objective", list(KINDS).index("huber")),
        # no band around constants that a hand holds
        "banded": "where(steer > 0, 0, fitted)",
    }
    for name in law.values:
        if name in free:
            found[f"fixed_{name}"] = f"steer*held_{name}"
            found[f"kept_{name}"] = f"where(fitted > 0, fixed_{name}, 1)"  # published: not refitted
            found[name] = f"where(fixed_{name} > 0, wheel_{name}, fit_{name})"
        else:
            found[name] = f"fit_{name}"
    for key in STRATEGIES:
        n, d = f"{key}_N", f"{key}_D"
        found[f"{key}_ratio"] = f"{d}/{n}"
        bits = f"*{key}_P/16" if key == "precision" else ""
        found[f"{key}_train"] = f"6*{n}*{d}{bits}"
        found[f"{key}_inference"] = f"2*{n}*inference_tokens"
    at = {key: {"N": f"{key}_N", "D": f"{key}_D"} for key in STRATEGIES}
    found["chinchilla_loss"] = ex.substitute(plain, at["chinchilla"])
    found["inference_loss"] = ex.substitute(plain, at["inference"])
    found["precision_loss"] = ex.substitute(_tied(precise), {**at["precision"], "P": "precision_P"})
    found["inference_saving"] = (
        "1 - (inference_train + inference_inference)/(chinchilla_train + chinchilla_inference)"
    )
    found["precision_saving"] = "1 - C/(6*equal_N*equal_D)"
    return found


def _tied(precise: ex.Tree) -> ex.Tree:
    """The loss with all training bits at P."""
    spelled = ex.substitute(precise, {"share": ex.parse(bit_factors()[0])})
    return ex.substitute(spelled, dict.fromkeys(BITS, "P"))


def solves(plain: ex.Tree, precise: ex.Tree) -> list[Solve]:
    bits = [f"precision_{name}" for name in ("N", "D", "P")]
    return [
        compute_optimal(["chinchilla_N", "chinchilla_D"], plain, "C"),
        least_compute(["inference_N", "inference_D"], plain, "chinchilla_loss", "inference_tokens"),
        bit_optimal(bits, _tied(precise), "C", TRAINING_BITS),
        # the 16-bit Chinchilla model that is as good as the precision-aware one
        least_compute(["equal_N", "equal_D"], plain, "precision_loss", "zero"),
    ]


def refit(free: Sequence[str], plain: ex.Tree) -> Refit:
    at_run = ex.substitute(plain, {"N": "run_N", "D": "run_D"})
    return Refit(
        constants=[
            {"cell": f"fit_{name}", "name": name, "positive": True, "held": f"kept_{name}"}
            for name in free
        ],
        loss=at_run,
        gradient=[ex.derivative(at_run, name) for name in free],
        rows=RUN_ROWS,
    )
