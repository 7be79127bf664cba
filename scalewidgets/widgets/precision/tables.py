"""The PrecisionLab's numbers. No values, only cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..vocabulary import Readout, Table
from .cells import bits_drawn

_OF_BITS = {"kumar_share", "post_added", "kumar_best_P", "kumar_memory_P"}


def tables(drawn: Sequence[str]) -> list[Table]:
    """``drawn``: cells of constants of which there are draws, for intervals."""
    integer = _integer_table()
    if drawn:
        fixed = set() if bits_drawn(drawn) else _OF_BITS
        rows = [replace(row, interval=row.cell not in fixed) for row in integer.rows]
        integer = Table(integer.label, rows)
    return [integer, _float_table(), _qat_table(), _apart_table()]


def _common(role: str, critical: str, when: str = "in training") -> list[Readout]:
    return [
        Readout("Effective share of N", f"{role}_share", ".1%"),
        Readout("Loss, quantised in training", f"{role}_loss", ".4f"),
        Readout("of it by the bits", f"{role}_added", "+.4f"),
        Readout(f"Tokens that hurt, quantised {when}", critical, help="more training is worse"),
    ]


def _integer_table() -> Table:
    return Table(
        "Integer",
        [
            *_common("kumar", "post_crit", "afterwards"),
            Readout("Loss added by quantising afterwards", "post_added", "+.4f"),
            Readout("Best bits at equal cost", "kumar_best_P", ".2f"),
            Readout("Best bits at equal memory, in training", "kumar_memory_P", ".2f"),
            Readout("Best bits at equal memory, afterwards", "post_memory_P", ".2f"),
            Readout("Tokens up to which they beat 16 there", "post_even", visible="few_post"),
        ],
    )


def _float_table() -> Table:
    return Table(
        "Floating point",
        [
            *_common("sun", "sun_crit"),
            Readout("Bits of your layout", "layout_bits", ".2f"),
            Readout("Best exponent bits at P", "best_Eb", ".2f"),
            Readout("Best bits at equal cost", "sun_best_P", ".2f"),
            Readout("Best bits at equal memory", "sun_memory_P", ".2f"),
            Readout("Tokens up to which P bits beat 16 there", "sun_even", visible="few"),
        ],
    )


def _qat_table() -> Table:
    return Table(
        "QAT in 4 bits",
        [
            *_common("chen", "chen_crit"),
            Readout("At equal cost worth in 16 bits", "chen_best", ".3~r", visible="all_in_4"),
            Readout(
                "At equal memory worth in 16 bits", "chen_memory", ".3~r", visible="weights_in_4"
            ),
            Readout(
                "Tokens up to which it beats 16 bits there", "chen_even", visible="weights_in_4"
            ),
            Readout(
                "Best share of tokens in QAT",
                "qat_fraction",
                ".0%",
                help="for the bits afterwards, weights only: Dremov et al. 2025, arXiv:2509.22935",
            ),
        ],
    )


def _apart_table() -> Table:
    return Table(
        "Floating point against integer, at the same bits",
        [
            Readout("Effective share: times", "apart_share", ".3~r"),
            Readout("Critical tokens: decades", "apart_crit", "+.2f"),
            Readout("Best bits at equal cost: apart", "apart_bits", "+.2f"),
            Readout("Best bits at equal memory: apart", "apart_memory", "+.2f"),
            Readout("Weights in memory", "memory", unit="bytes"),
            Readout("Training", "C", unit="FLOP of 16 bits"),
        ],
    )
