"""What the hyper-parameter laws of the catalogue advise for a run, and how far they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...lawbook.catalogue import closed_form
from ...lawbook.door import checked
from ...lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN
from ...lawbook.law import Law
from ...lawbook.magnitude import check_magnitude
from ...lawbook.quantity import FLOP_UNITS, QuantityError, named_quantity

if TYPE_CHECKING:
    import polars as pl

LOSS_LAW = "besiroglu2024"


class Advice(NamedTuple):
    """A law of the catalogue, and what its unit is worth in that of its quantity."""

    quantity: str
    law: str
    worth: float = 1.0
    note: str = ""


_UNITS = {"learning rate": "peak", "batch": "tokens", "critical batch": "tokens"}
SEQUENCE = 2048.0  # tokens: Bergsma et al. count batches in such sequences
ADVICE = (
    Advice("learning rate", "li2025_step_law.lr"),
    Advice("learning rate", "deepseek2024.lr"),
    Advice("learning rate", "porian2024.lr", note="Tuned at 20 tokens per parameter."),
    Advice("learning rate", "kaplan2020.lr", note="A rule of thumb, not a fit."),
    Advice("batch", "li2025_step_law.batch"),
    Advice("batch", "bergsma2025_power_lines.B_opt", SEQUENCE),
    Advice("batch", "deepseek2024.batch"),
    Advice("batch", "porian2024.batch", note="Tuned at 20 tokens per parameter."),
    Advice("batch", "minicpm2024.batch"),
    Advice("batch", "kaplan2020.B_opt"),
    Advice("critical batch", "bergsma2025_power_lines.B_crit", SEQUENCE, "D taken for D_min."),
    Advice("critical batch", "kaplan2020.B_crit"),
)


@checked(ValueError)
def suggest_hyperparameters(
    *,
    N: float | str | None = None,
    D: float | str | None = None,
    C: float | str | None = None,
    loss: float | None = None,
) -> pl.DataFrame:
    """Learning rate and batch by each law that has been published for them.

    The laws disagree, by factors of two to ten and on what the optimum depends: each was fitted to
    one lab's data, optimiser and schedule. The table shows how far, and how far beyond the runs of
    each paper one asks. At the critical batch a loss takes twice the tokens, and twice the steps,
    of what it needs at least; above, tokens are spent faster than steps are saved.
    Bjorck et al. 2024 are left out: their coefficient's unit is not known.

    Parameters
    ----------
    N, D, C : float or str
        Parameters, training tokens and training FLOPs, such as ``"7B"`` or ``1e12``: two of them,
        then the third follows from C = 6ND; or all three, where C is counted otherwise.
    loss : float, optional
        Loss that the training aims at, nats/token, for the laws that ask for it. Where left out it
        is predicted by Besiroglu et al. 2024, on another corpus than those laws had.

    Returns
    -------
    polars.DataFrame
        A row a law. Columns quantity (``"learning rate"``, ``"batch"``, ``"critical batch"``),
        law, value, unit, spread (largest over smallest value of all laws of the quantity),
        over_mean (the value over their geometric mean), decades_beyond (how far outside of the
        range of the paper's runs, 0 inside, null where the range is not known), takes (what the
        law's inputs mean), status (of its constants), note. A value is null where the law gives
        none.

    Raises
    ------
    ValueError
        When fewer than two of N, D and C are given, or one is out of all range; says what may have
        been meant.

    Examples
    --------
    >>> table = suggest_hyperparameters(N="1B", D="100B")
    >>> table.filter(quantity="batch")["spread"][0] > 2
    True
    """
    import polars as pl

    given = _inputs(N, D, C, loss)
    predicted = "" if loss is not None else f"Loss of {given['L']:.3g} predicted by {LOSS_LAW}."
    rows = [_row(advice, given, {"L": predicted}) for advice in ADVICE]
    spread = (pl.col("value").max() / pl.col("value").min()).over("quantity")
    mean = pl.col("value").log().mean().exp().over("quantity")
    table = pl.DataFrame(rows, schema_overrides={"decades_beyond": pl.Float64})
    return table.with_columns(spread=spread, over_mean=pl.col("value") / mean).select(_COLUMNS)


_COLUMNS = (
    *("quantity", "law", "value", "unit", "spread", "over_mean", "decades_beyond"),
    *("takes", "status", "note"),
)


def _inputs(
    N: float | str | None, D: float | str | None, C: float | str | None, loss: float | None
) -> dict[str, float]:
    """All that a law may ask for, by the names of the catalogue."""
    units = {"N": "params", "D": "tokens", "C": "FLOP"}
    given = {
        name: check_magnitude(
            name, named_quantity(f"suggest_hyperparameters: {name}", value, units[name])
        )
        for name, value in {"N": N, "D": D, "C": C}.items()
        if value is not None
    }
    if len(given) < 2:
        raise ValueError("suggest_hyperparameters: give two of N, D and C (the third is C = 6ND)")
    n, d, c = (given.get(name) for name in ("N", "D", "C"))
    if c is None:
        given["C"] = FLOPS_PER_PARAMETER_TOKEN * given["N"] * given["D"]
    elif n is None:
        given["N"] = c / (FLOPS_PER_PARAMETER_TOKEN * given["D"])
    elif d is None:
        given["D"] = c / (FLOPS_PER_PARAMETER_TOKEN * n)
    if loss == 0:
        raise ValueError("suggest_hyperparameters: loss must be above 0 nats/token")
    predicted = float(closed_form(LOSS_LAW).predict(N=given["N"], D=given["D"]))
    try:
        given["L"] = check_magnitude("loss", predicted if loss is None else loss)
    except QuantityError as error:
        if loss is not None:
            raise
        raise ValueError(
            f"suggest_hyperparameters: of such N, D and C is no run: {error}"
        ) from None
    return {**given, "D_min": given["D"], "C_min": given["C"] / FLOP_UNITS["PFLOP-days"]}


def _row(advice: Advice, given: Mapping[str, float], said: Mapping[str, str]) -> dict[str, Any]:
    """A row of the table; ``said`` is what to note of an input."""
    law = closed_form(advice.law)
    asked = {name: given[name] for name in law.variables}
    value = float(law.predict(**asked)) * advice.worth
    positive = value > 0
    notes = [advice.note, *(said.get(name, "") for name in asked)]
    notes += [] if positive else ["Not positive here: the rule has ended."]
    return {
        "quantity": advice.quantity,
        "law": advice.law,
        "value": value if positive else None,
        "unit": _UNITS[advice.quantity],
        "decades_beyond": _decades_beyond(law, asked),
        "takes": "; ".join(f"{name}: {law.symbols[name]}" for name in asked),
        "status": law.status,
        "note": " ".join(filter(None, notes)),
    }


def _decades_beyond(law: Law, asked: Mapping[str, float]) -> float | None:
    """How far the inputs lie outside of the runs, the farthest of them."""
    known = {name: span for name, span in law.valid.items() if name in asked}
    if not known:
        return None
    return max(
        0.0,
        *(
            float(np.log10(max(low / asked[name], asked[name] / high)))
            for name, (low, high) in known.items()
        ),
    )
