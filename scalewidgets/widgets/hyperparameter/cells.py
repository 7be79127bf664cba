"""The HyperparameterLab's cells: what each law advises, how far apart they are, what a batch costs.

Each of N, D and C can be an axis. ``C`` follows N and D until it is an axis itself; then N and D
follow it, at the same tokens per parameter. So laws read ``run_N`` and ``run_D``, always true.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...allocation.compute.hyperparameters import ADVICE, LOSS_LAW, SEQUENCE, Advice
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.quantity import FLOP_UNITS
from ..law_cells import chosen, pick

PAPERS = {
    "li2025_step_law": "Step Law",
    "bergsma2025_power_lines": "Power Lines",
    "deepseek2024": "DeepSeek",
    "porian2024": "Porian et al.",
    "minicpm2024": "MiniCPM",
    "kaplan2020": "Kaplan et al.",
}
AXES = ("N", "D", "C")
# Quantity to its part in the names of cells.
QUANTITIES = {"learning rate": "lr", "batch": "batch", "critical batch": "critical"}
DECAY = published("bergsma2025_power_lines.weight_decay")
USUAL_DECAY = 0.1  # Brown et al. 2020, Appendix B, and many since
_TAU = published("bergsma2025_power_lines.tau")
_NOWHERE: ex.Tree = ("/", 0.0, 0.0)  # not a number
_HAIR = 1e-9  # decades: rounding, where a point lies on the edge of a range
# Variables of the catalogue to cells.
_CELLS: dict[str, ex.Tree] = {
    "N": "run_N",
    "D": "run_D",
    "D_min": "run_D",
    "C": "C",
    "C_min": ("/", "C", FLOP_UNITS["PFLOP-days"]),
    "L": "loss",
}


def paper(law: str) -> str:
    """The paper of a law of the catalogue."""
    return law.partition(".")[0]


def advised(quantity: str) -> list[str]:
    """The papers that say something of a quantity."""
    return [paper(one.law) for one in ADVICE if one.quantity == quantity]


COMPLETE = [name for name in PAPERS if name in advised("learning rate")]
"""Papers with a learning rate and a batch, so that one can follow them alone."""


def formulas() -> dict[str, ex.Tree | str]:
    loss = published(LOSS_LAW)
    found: dict[str, ex.Tree | str] = {
        "C": "6*N*D",
        "run_N": "sqrt(C*N/(6*D))",
        "run_D": "sqrt(C*D/(6*N))",
        "ratio": "run_D/run_N",
        "predicted_loss": _filled(loss, _CELLS),
        "loss": "where(held_loss > 0, wheel_loss, predicted_loss)",
        "one": 1.0,
        "usual_decay": USUAL_DECAY,
    }
    for position, axis in enumerate(AXES):
        found[f"on_{axis}"] = chosen("along", position)
    for one in ADVICE:
        found |= _of_law(one)
    for name in PAPERS:
        found |= _of_paper(name)
    for quantity, slot in QUANTITIES.items():
        found |= _spread(slot, advised(quantity))
    return found | _yours() | _trade()


def drawn(slot: str, name: str) -> dict[str, str]:
    """The cells of a curve's parts: inside, outside of the paper's runs; or of unknown range."""
    parts = ("inside", "outside") if f"{slot}_{name}" in _BOUNDED else ("anywhere",)
    return {part: f"{slot}_{name}_{part}" for part in parts}


# --- a law ------------------------------------------------------------------------------------


def _filled(law: Law, cells: dict[str, ex.Tree]) -> ex.Tree:
    """A law's tree over cells, its constants put in."""
    return ex.substitute(law.tree, {**law.values, **cells})


def _of_law(one: Advice) -> dict[str, ex.Tree | str]:
    """What a law advises, in the unit of its quantity; not a number where the rule has ended."""
    law, slot = published(one.law), f"{QUANTITIES[one.quantity]}_{paper(one.law)}"
    value: ex.Tree = ("*", _filled(law, _CELLS), one.worth)
    found: dict[str, ex.Tree | str] = {slot: ("where", (">", value, 0.0), value, _NOWHERE)}
    beyond = _beyond(law)
    if beyond is not None:
        found[f"{slot}_beyond"] = beyond
    return found | _parts(slot)


def _beyond(law: Law) -> ex.Tree | None:
    """Decades between the point and the law's runs, 0 inside; None where no range is known."""
    far = [_outside(_CELLS[n], *span) for n, span in law.valid.items() if n in law.variables]
    return _joined("max", [0.0, *far]) if far else None


def _outside(value: ex.Tree, low: float, high: float) -> ex.Tree:
    """Decades to a range, negative inside of it."""
    return ("max", ("log10", ("/", low, value)), ("log10", ("/", value, high)))


def _joined(which: str, parts: Sequence[ex.Tree]) -> ex.Tree:
    """Operands joined two by two."""
    first, *others = parts
    tree = first
    for part in others:
        tree = (which, tree, part)
    return tree


def _parts(slot: str) -> dict[str, ex.Tree | str]:
    """The law inside and outside of its runs, to be drawn each in its own way."""
    if slot not in _BOUNDED:
        return {f"{slot}_anywhere": slot}
    return {
        f"{slot}_inside": f"where({slot}_beyond > {_HAIR}, 0/0, {slot})",
        f"{slot}_outside": f"where({slot}_beyond > {_HAIR}, {slot}, 0/0)",
    }


# --- a paper ----------------------------------------------------------------------------------


def _of_paper(name: str) -> dict[str, ex.Tree | str]:
    """How far its runs are, and with its rate and batch the weight decay of Power Lines."""
    known = [f"{slot}_{name}" for slot in ("lr", "batch") if f"{slot}_{name}" in _BOUNDED]
    far: list[ex.Tree] = [f"{slot}_beyond" for slot in known]
    found = {f"beyond_{name}": _joined("max", far)} if known else {}
    if name not in COMPLETE:
        return {**found}
    decay, tpp = f"decay_{name}", _outside("ratio", *_TAU.valid["TPP"])
    return {
        **found,
        decay: _filled(DECAY, {**_CELLS, "B": f"batch_{name}", "eta": f"lr_{name}"}),
        f"{decay}_beyond": _joined("max", [tpp, *far]),
        **_parts(decay),
    }


def _spread(slot: str, names: Sequence[str]) -> dict[str, ex.Tree | str]:
    """The laws' geometric mean, the ratio of the largest to the smallest, each over the mean."""
    cells = [f"{slot}_{name}" for name in names]
    present = " + ".join(f"where({cell} > 0, 1, 0)" for cell in cells)
    logs = " + ".join(f"where({cell} > 0, log({cell}), 0)" for cell in cells)
    there: list[ex.Tree] = [("where", (">", cell, 0.0), cell, f"{slot}_mean") for cell in cells]
    extremes = [_joined(which, there) for which in ("max", "min")]
    over: list[ex.Tree] = [
        ("/", f"{slot}_{name}", f"{slot}_mean") if name in names else _NOWHERE for name in PAPERS
    ]
    return {
        f"{slot}_mean": f"exp(({logs})/({present}))",
        f"{slot}_spread": ("/", *extremes),  # a law that has ended counts as the mean
        f"{slot}_over_mean": pick("row", over),
    }


# --- your run ---------------------------------------------------------------------------------


def _yours() -> dict[str, ex.Tree | str]:
    """Rate and batch that are used: those of the law that is followed, or of the hand."""
    found: dict[str, ex.Tree | str] = {}
    for slot in ("lr", "batch"):
        found[f"{slot}_followed"] = pick("follow", [f"{slot}_{name}" for name in COMPLETE])
        found[f"{slot}_yours"] = f"where(held_{slot} > 0, wheel_{slot}, {slot}_followed)"
    found["decay_yours"] = _filled(DECAY, {**_CELLS, "B": "batch_yours", "eta": "lr_yours"})
    return found


def _trade() -> dict[str, ex.Tree | str]:
    """Tokens and steps of a batch over the least that the loss takes, by each law of the trade."""
    power: dict[str, ex.Tree] = {**_CELLS, "B": ("/", "batch_yours", SEQUENCE)}
    kaplan: dict[str, ex.Tree] = {"L": "loss", "B": "batch_yours", "C": 1.0, "S": 1.0}
    least, lines = ("/", "run_D", "critical_bergsma2025_power_lines"), "bergsma2025_power_lines"
    tokens, steps = (
        _filled(published(f"{lines}.{part}"), power) for part in ("D_needed", "steps_needed")
    )
    return {
        "needed_tokens": tokens,
        "needed_steps": steps,
        f"tokens_{lines}": ("/", "needed_tokens", "run_D"),
        f"steps_{lines}": ("/", "needed_steps", least),
        "tokens_kaplan2020": ("/", 1.0, _filled(published("kaplan2020.C_min"), kaplan)),
        "steps_kaplan2020": ("/", 1.0, _filled(published("kaplan2020.S_min"), kaplan)),
        **{f"over_critical_{n}": f"batch_yours/critical_{n}" for n in advised("critical batch")},
    }


_BOUNDED = {
    f"{QUANTITIES[one.quantity]}_{paper(one.law)}"
    for one in ADVICE
    if _beyond(published(one.law)) is not None
} | {f"decay_{name}" for name in COMPLETE}
"""Curves of which it is known where the runs were."""
