"""The ArchitectureLab's laws: what its cells call them, and how far beyond their runs one is.

Each law is held against the dense models of its own paper. Losses of different papers have
different corpora and tokenisers and are never compared with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ..law_cells import pick

Formulas = dict[str, ex.Tree | str]

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
_HAIR = 1e-9  # decades: rounding, where a point lies on the edge of a range


def law_behind(role: str) -> Law:
    """The law behind a role, with the first constants on offer."""
    return published(LAWS[role])


def tree(role: str, name: str = "", **at: ex.Tree) -> ex.Tree:
    """A law over the lab's constants; ``name`` is another law of its paper, which shares them."""
    own = law_behind(role)
    law = published(f"{own.id.partition('.')[0]}.{name}") if name else own
    cells = {n: f"{role}_{n}" if n in own.values else value for n, value in law.values.items()}
    return ex.substitute(law.tree, {**cells, **at})


def constants(given: Mapping[str, Mapping[str, str]]) -> Formulas:
    """A cell for each constant of each role; ``given`` names the facts that hold a fit's."""
    found: Formulas = {}
    for role in LAWS:
        law = law_behind(role)
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


def of_kind(kind: str) -> str:
    """1 for a run of this kind or of none, such as a dense one; else not a number."""
    return f"where(run_kind < 0, 1, where((run_kind - {kind})**2 < 0.25, 1, 0/0))"
