"""Experts and sparsity: as many as one likes, one active for a token. No values, only cells."""

from __future__ import annotations

from collections.abc import Container

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..law_cells import pick
from ..solves import compute_optimal, reach
from ..vocabulary import Axis, Curve, Plot, Points, Rule, Solve, Table
from .cells import KINDS, ROUTERS, Formulas, beyond, law_behind, of_kind, tree
from .runs import residual_plot
from .worth import COMPARISONS, MANY, both, even, like, parts, worth_plot, worth_table

EXPERTS = {
    "ludz": "Ludziejewski et al. 2025 (signs inferred)",
    "abnar": "Abnar et al. 2025",
    "clark": "Clark et al. 2022",
    "frantar": "Frantar et al. 2023, weights pruned",
}
_LAW_COLORS = dict(zip(EXPERTS, ("law", "chinchilla", "inference", "precision"), strict=True))

# --- formulas -------------------------------------------------------------------------------------


def sparse(role: str, N: ex.Tree, D: ex.Tree, E: ex.Tree) -> ex.Tree:
    """The loss of N active parameters, or N weights left, with one of E experts active.

    Abnar et al. and Frantar et al. have a share S that is idle or pruned: 1 - 1/E.
    """
    if role in ("abnar", "frantar"):
        return tree(role, N=N, D=D, S=("-", 1.0, ("/", 1.0, E)))
    return tree(role, N=N, D=D, E=E)


def held(role: str, E: ex.Tree) -> ex.Tree:
    """Parameters in memory over those that a token passes (or, pruned, that are left).

    In a block of 12 width**2 the experts multiply the 8 of the feed-forward layer. Clark et al.
    route every other block of 13 width**2 (their run table; a few per cent off in the smallest
    models). Abnar et al. count S as a share of all parameters.
    """
    ratios: dict[str, ex.Tree] = {
        "ludz": ("/", ("+", 4.0, ("*", 8.0, E)), 12.0),
        "clark": ("+", 1.0, ("*", 4 / 13, ("-", E, 1.0))),
        "abnar": E,
        "frantar": 1.0,
    }
    return ratios[role]


def formulas() -> Formulas:
    idle = "1 - 1/E"
    found: Formulas = {
        "C": "6*N*D",
        "same_D": "D",  # in a solve D is the unknown
        "none": 0.0,
        "one": 1.0,
        "idle": idle,
        "clark_even": tree("clark", "EPC", N="N", E="E"),
        "frantar_even": ("*", "N", tree("frantar", "gain", S=ex.parse(idle))),
        "clark_compute": "clark_served",  # no law of tokens: at the same tokens both are one
    }
    for role in EXPERTS:
        # a pruned model is trained as the dense one that it was; its 6*N*D is C all the same
        found[f"{role}_paid"] = "C*E" if role == "frantar" else "C"
        found[f"{role}_loss"] = sparse(role, "N", "D", "E")
        found[f"{role}_total"] = ("*", "N", held(role, "E"))
        found[f"{role}_memory"] = f"{role}_even/{role}_total"
        found[f"{role}_served"] = f"{role}_even/N"
        found[f"{role}_beyond"] = _beyond_runs(role)
        found |= parts(role)
        if role != "clark":
            at_best = sparse(role, f"{role}_best_N", f"{role}_best_D", "E")
            found[f"{role}_best_loss"] = at_best
            found[f"{role}_compute"] = f"6*{role}_like_N*{role}_like_D/{role}_paid"
    return found | _chosen_law() | _same_memory_and_compute()


def _chosen_law() -> Formulas:
    """The numbers of the law that is looked at, for the table."""
    cells = ("loss", "total", "even", "beyond", "paid", *COMPARISONS)
    found: Formulas = {
        f"sparse_{cell}": pick("law_name", [f"{role}_{cell}" for role in EXPERTS]) for cell in cells
    }
    at_run = [sparse(role, "run_N", "run_D", "run_E") for role in EXPERTS]
    ratio = ("log", ("/", "run_loss", pick("law_name", at_run)))
    kinds = [float(at % len(KINDS)) for at in range(len(ROUTERS))]
    found |= {
        "kind": pick("router", kinds),
        "run_shown": of_kind("kind"),
        "sparse_residual": ("*", "run_shown", ratio),
        "run_served": "run_shown*run_even/run_N",
    }
    return found


def _beyond_runs(role: str) -> ex.Tree:
    law = law_behind(role)
    named = {"S": "idle", "C": "C"} if role == "abnar" else {"E": "E", "N": "N", "S": "idle"}
    valid = dict(law.valid)
    if role == "abnar":
        valid |= published("abnar2025_sparsity.at_compute").valid
    return beyond({named[name]: span for name, span in valid.items() if name in named})


def _same_memory_and_compute() -> Formulas:
    """Loss in the memory and with the training compute of the hand's model, for other counts of
    experts: more of them leave fewer active parameters, and so more tokens."""
    found: Formulas = {}
    for role in ("ludz", "abnar"):
        n, d = f"{role}_room_N", f"{role}_room_D"
        found |= {
            n: ("/", f"{role}_total", held(role, "axis_E")),
            d: f"C/(6*{n})",
            f"{role}_room": sparse(role, n, d, "axis_E"),
            f"{role}_room_tokens": f"C/(6*{role}_total)",
            f"{role}_room_dense": sparse(role, f"{role}_total", f"{role}_room_tokens", 1.0),
            f"{role}_saved": f"{role}_room_dense - {role}_room",
        }
    return found


def solves() -> list[Solve]:
    dense = {role: sparse(role, "N", "D", 1.0) for role in ("ludz", "abnar", "frantar")}
    found = [even("ludz", dense["ludz"]), even("abnar", dense["abnar"])]
    # what a measured loss is worth, by Clark et al.'s dense models
    found.append(reach("run_even", sparse("clark", "D", 1.0, 1.0), "run_loss"))
    for role, plain in dense.items():
        best = [f"{role}_best_N", f"{role}_best_D"]
        found += [compute_optimal(best, sparse(role, "N", "D", "E"), "C"), like(role, plain)]
    return found


# --- what is on the screen ------------------------------------------------------------------------


def plots(measured: bool, given: bool) -> list[Plot]:
    """``measured`` says whether there are runs, ``given`` whether they are the user's. Clark et
    al.'s say nothing of another paper's law."""
    experts = Axis("experts E", format=".3~g")
    runs_of = "on_experts" if given else "on_clark"
    laws = [
        one
        for role, label in EXPERTS.items()
        for one in both("E", f"{role}_served", label, _LAW_COLORS[role])
    ]
    rows = {f"run_{name}": f"experts_{name}" for name in ("N", "E", "loss", "kind")}
    runs = Points(
        rows,
        "run_E",
        "run_served",
        "runs of Clark et al.",
        names="experts_name",
        radius=2.5,
        visible="on_clark",
    )
    routed = [runs] if measured and not given else []
    rooms = [
        Curve("axis_E", f"{role}_saved", EXPERTS[role], _LAW_COLORS[role], valid=(1.0, most))
        for role, most in {"ludz": 32.0, "abnar": 50.0}.items()
    ]
    return [
        worth_plot(
            "experts",
            "What so many experts are worth in dense models",
            experts,
            "E",
            {role: f"on_{role}" for role in EXPERTS},
            "sparse",
        ),
        Plot(
            "laws",
            "The laws disagree: parameters of an equal dense model, same tokens",
            experts,
            Axis("over parameters a token passes", format=".3~g", holds=["one"]),
            [Rule("y", "one", "dense"), *laws, *routed, Rule("x", "E", "yours", "hand")],
            visible="on_experts",
        ),
        Plot(
            "room",
            "In your memory, with your training FLOPs: experts against the dense model",
            Axis("experts E", format=".3~g", domain=(1.0, 512.0)),
            Axis("loss saved (nats/token)", "linear", format="+.2f", holds=["none"]),
            [Rule("y", "none", "dense"), *rooms, Rule("x", "E", "yours", "hand")],
            wide=True,
            visible="on_experts",
        ),
        *([residual_plot("experts", "sparse", "run_E", experts, runs_of)] if measured else []),
    ]


def tables(drawn: Container[str]) -> list[Table]:
    known = any(role in drawn for role in EXPERTS)
    yours = [
        ("Loss", "sparse_loss", ".4f"),
        ("Training FLOPs", "sparse_paid", "quantity"),
        ("Parameters in memory", "sparse_total", "quantity"),
        ("Equal dense model, same tokens", "sparse_even", "quantity"),
        ("Decades beyond the runs", "sparse_beyond", ".2~f"),
    ]
    served = [
        ("Ludziejewski et al.", "ludz_served", MANY),
        ("Abnar et al.", "abnar_served", MANY),
        ("Clark et al.", "clark_served", MANY),
        ("Frantar et al.", "frantar_served", MANY),
    ]
    return [
        worth_table("experts", "sparse", known),
        topics.table("on_experts", "Your model", yours, known),
        topics.table("on_experts", "Equal inference cost, by law", served, False),
    ]
