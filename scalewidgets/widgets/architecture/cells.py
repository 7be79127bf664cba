"""The ArchitectureLab's cells: what experts and sparsity are worth in dense models.

Each law is held against the dense models of its own paper. Losses of different papers have
different corpora and tokenisers and are never compared with each other.

In names of cells ``_compute`` is the training compute, over that paid, with which the best dense
model has the loss; ``_memory`` and ``_served`` are the parameters of the dense model that has the
loss after the same tokens, over those held in memory and over those that a token pays for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import pairwise

from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ..law_cells import pick
from ..vocabulary import Solve

Formulas = dict[str, ex.Tree | str]

EXPERTS = {
    "ludz": "Ludziejewski et al. 2025 (signs inferred)",
    "abnar": "Abnar et al. 2025",
    "clark": "Clark et al. 2022",
    "frantar": "Frantar et al. 2023, weights pruned",
}
LAWS = {
    "ludz": "ludziejewski2025_joint_moe",
    "abnar": "abnar2025_sparsity.active",
    "clark": "clark2022_routed",
    "frantar": "frantar2023_sparse",
    "moe": "krajewski2024_fine_grained_moe",
    "plain": "krajewski2024_fine_grained_moe.dense",
    "vocab": "tao2024_vocab",
    "stream": "chen2025_parscale",
    "shape": "mcleish2025_gemstones.width_depth_params",
}
ROUTERS = ("sbase", "rlr", "hash", "sbase_refit", "rlr_refit", "hash_refit")
KINDS = ("S-Base", "RL-R", "Hash")  # of a run, as the table of runs names them
CORPORA = ("stack", "pile")
SELECTIONS = ("width_depth_params", "hot", "cool_end", "half_lr", "hot_120b")
# Of a role with several published sets the choice among them, and the sets on offer.
CHOICES = {
    "clark": ("router", ROUTERS),
    "stream": ("corpus", CORPORA),
    "shape": ("selection", SELECTIONS),
}
GRANULARITIES = tuple(2.0**power for power in range(8))  # powers of two, as Table 2 has them
COMPARISONS = {"compute": "training FLOPs", "memory": "memory", "served": "inference cost"}
# For a tree that is a slope itself its own is ten times as long: the root finder takes secants.
NO_SLOPE: ex.Tree = ("/", 0.0, 0.0)
_HAIR = 1e-9  # decades: rounding, where a point lies on the edge of a range


def law_of(role: str) -> Law:
    """The law behind a role, with the first constants on offer."""
    return published(LAWS[role])


def tree(role: str, name: str = "", **at: ex.Tree) -> ex.Tree:
    """A law over the lab's constants; ``name`` is another law of its paper, which shares them."""
    own = law_of(role)
    law = published(f"{own.id.partition('.')[0]}.{name}") if name else own
    cells = {n: f"{role}_{n}" if n in own.values else value for n, value in law.values.items()}
    return ex.substitute(law.tree, {**cells, **at})


def constants(given: Mapping[str, Mapping[str, str]]) -> Formulas:
    """A cell for each constant of each role; ``given`` names the facts that hold a fit's."""
    found: Formulas = {}
    for role in LAWS:
        law = law_of(role)
        choice, sets = CHOICES.get(role, ("", (next(iter(law.sets)),)))
        for name in law.values:
            found[f"{role}_{name}"] = pick(choice, [law.sets[one].values[name] for one in sets])
        found |= {f"{role}_{name}": fact for name, fact in given.get(role, {}).items()}
    return found


def beyond(ranges: Mapping[str, tuple[float, float]]) -> ex.Tree:
    """Decades between cells and the ranges of a paper's runs; 0 inside all of them."""
    far: list[ex.Tree] = [0.0]
    for cell, (low, high) in ranges.items():
        above: ex.Tree = ("log10", ("/", cell, high))
        far.append(above if low == 0 else ("max", ("log10", ("/", low, cell)), above))
    return reduce(lambda a, b: ("max", a, b), far)


def halves(cell: str, far: str) -> Formulas:
    """A cell inside (``_in``) and outside (``_out``) of the runs, to be drawn each in its way."""
    return {
        f"{cell}_in": f"where({far} > {_HAIR}, 0/0, {cell})",
        f"{cell}_out": f"where({far} > {_HAIR}, {cell}, 0/0)",
    }


def parts(role: str) -> Formulas:
    """The three comparisons of a role, each inside and outside of its runs."""
    both = (halves(f"{role}_{name}", f"{role}_beyond") for name in COMPARISONS)
    return {name: formula for one in both for name, formula in one.items()}


# --- experts and sparsity ---------------------------------------------------------------------


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


def expert_formulas() -> Formulas:
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


def of_kind(kind: str) -> str:
    """1 for a run of this kind or of none, such as a dense one; else not a number."""
    return f"where(run_kind < 0, 1, where((run_kind - {kind})**2 < 0.25, 1, 0/0))"


def _beyond_runs(role: str) -> ex.Tree:
    law = law_of(role)
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


# --- granularity ------------------------------------------------------------------------------


def _token(N: ex.Tree, G: ex.Tree) -> ex.Tree:
    """Training FLOPs a token, the router's among them."""
    return tree("moe", "cost", N_act=N, D=1.0, G=G, E=64.0)


def _total(N: ex.Tree) -> ex.Tree:
    return tree("moe", "total", N_act=N, E=64.0)


def _mixture(F: ex.Tree, N: ex.Tree, G: ex.Tree) -> ex.Tree:
    """The loss of N active parameters on the tokens that F training FLOPs allow."""
    return tree("moe", N=_total(N), D=ex.divide(F, _token(N, G)), G=G)


def granularity_formulas() -> Formulas:
    """Krajewski et al.: 64 experts' worth of parameters, sliced G times finer."""
    found: Formulas = {
        "moe_token": _token("N", "G"),
        "moe_C": "moe_token*D",
        "moe_total": _total("N"),
        "moe_loss": tree("moe", N="moe_total", D="D", G="G"),
        "moe_best_loss": _mixture("moe_C", "moe_best_N", "G"),
        "plain_loss": tree("plain", N="plain_N", D="plain_D"),
        "moe_compute": "6*moe_like_N*moe_like_D/moe_C",
        "moe_memory": "moe_even/moe_total",
        "moe_served": "moe_even*6/moe_token",  # the router works for each served token too
        "moe_beyond": _beyond_mixtures("moe_total", "D", "G"),
        "sliced_loss": _mixture("moe_C", "sliced_N", "axis_G"),
    }
    along: dict[str, ex.Tree] = {"by_C": "G", "whole": 1.0}
    for key, G in along.items():  # at any training compute
        total, tokens = f"{key}_total", f"{key}_tokens"
        found |= {
            f"{key}_loss": _mixture("axis_C", f"{key}_N", G),
            key: f"6*{key}_like_N*{key}_like_D/axis_C",
            total: _total(f"{key}_N"),
            tokens: ex.divide("axis_C", _token(f"{key}_N", G)),
            f"{key}_beyond": _beyond_mixtures(total, tokens, G),
        } | halves(key, f"{key}_beyond")
    for at, G in enumerate(GRANULARITIES):
        found[f"slice_{at}_loss"] = _mixture("moe_C", f"slice_{at}_N", G)
    return found | parts("moe") | _best_granularity()


def _beyond_mixtures(total: str, tokens: str, G: ex.Tree) -> ex.Tree:
    runs = law_of("moe").valid
    ranges = {total: runs["N"], tokens: runs["D"]}
    return beyond({**ranges, G: runs["G"]} if isinstance(G, str) else ranges)


def _best_granularity() -> Formulas:
    """The power of two with the least loss: from the finest down, each takes the lead or not."""
    last = len(GRANULARITIES) - 1
    found: Formulas = {f"lead_{last}": f"slice_{last}_loss", f"finest_{last}": GRANULARITIES[last]}
    for finer, at in pairwise(reversed(range(last + 1))):
        ahead = f"slice_{at}_loss < lead_{finer}"
        found[f"lead_{at}"] = f"min(slice_{at}_loss, lead_{finer})"
        found[f"finest_{at}"] = f"where({ahead}, {GRANULARITIES[at]!r}, finest_{finer})"
    return {**found, "best_G": "finest_0", "best_G_loss": "lead_0"}


# --- solves -----------------------------------------------------------------------------------


def solves() -> list[Solve]:
    dense = {role: sparse(role, "N", "D", 1.0) for role in ("ludz", "abnar", "frantar")}
    found = [_even("ludz", dense["ludz"]), _even("abnar", dense["abnar"])]
    # what a measured loss is worth, by Clark et al.'s dense models
    found.append(reach("run_even", sparse("clark", "D", 1.0, 1.0), "run_loss"))
    for role, plain in dense.items():
        found += [_best(role, sparse(role, "N", "D", "E"), "C"), _like(role, plain)]
    plain = tree("plain", N="N", D="D")
    found += [
        _even("moe", plain),
        _like("moe", plain, "moe_best_loss"),
        _like("by_C", plain, "by_C_loss"),
        _like("whole", plain, "whole_loss"),
        _best("plain", plain, "moe_C", ["plain_N", "plain_D"]),
        _best_size("moe_best_N", "moe_C", "G"),
        _best_size("sliced_N", "moe_C", "axis_G"),
        _best_size("by_C_N", "axis_C", "G"),
        _best_size("whole_N", "axis_C", 1.0),
        *(_best_size(f"slice_{at}_N", "moe_C", G) for at, G in enumerate(GRANULARITIES)),
    ]
    return found


def _slopes(loss: ex.Tree) -> tuple[ex.Tree, ex.Tree]:
    return ex.derivative(loss, "N"), ex.derivative(loss, "D")


def _best(key: str, loss: ex.Tree, budget: str, outputs: list[str] | None = None) -> Solve:
    """The best N and D for the budget."""
    outputs = outputs or [f"{key}_best_N", f"{key}_best_D"]
    return Solve("budget", outputs, loss, *_slopes(loss), budget=budget, factor=6.0)


def _like(key: str, dense: ex.Tree, target: str = "") -> Solve:
    """The dense model of least training compute with this loss."""
    outputs, target = [f"{key}_like_N", f"{key}_like_D"], target or f"{key}_best_loss"
    return Solve("demand", outputs, dense, *_slopes(dense), target=target, demand="none")


def _even(key: str, dense: ex.Tree) -> Solve:
    """Parameters of the dense model with the loss of the hand's after the same tokens."""
    return reach(f"{key}_even", ex.substitute(dense, {"N": "D", "D": "same_D"}), f"{key}_loss")


def _best_size(output: str, budget: str, G: ex.Tree) -> Solve:
    """The best active parameters for a budget that the router shares, so that it is no 6*N*D:
    where a hundredth more of them gains as much as the tokens that it costs lose."""
    surface = tree("moe", N="N", D="T", G=G)
    token = _token("D", G)
    gained = ex.multiply("N", ex.derivative(surface, "N"))
    lost = ex.multiply("T", ex.derivative(surface, "T"))
    dearer = ex.divide(ex.multiply("D", ex.derivative(token, "D")), token)
    even = ex.divide(gained, ex.multiply(lost, dearer))
    at = {"N": _total("D"), "T": ex.divide(budget, token)}
    return reach(output, ex.substitute(even, at), "one", slope=NO_SLOPE)


def reach(output: str, falling: ex.Tree, target: str, slope: ex.Tree | None = None) -> Solve:
    """The D, whatever it stands for, at which a tree that falls with it has a value; N is the
    hand's."""
    slope = ex.derivative(falling, "D") if slope is None else slope
    return Solve("reach", [output], falling, None, slope, target=target, at="N")
