"""The DataLab's numbers. No values, only cells."""

from __future__ import annotations

from .data_cells import SPLITS
from .data_facts import domains
from .vocabulary import Readout, Table


def split_tables(drawn: bool) -> list[Table]:
    """Each split of the compute, with intervals where constants are ``drawn``."""

    def table(key: str, label: str) -> Table:
        def row(what: str, cell: str, format: str = "quantity") -> Readout:
            interval = drawn and (key != "own" or cell == "loss")
            return Readout(what, f"{key}_{cell}", format, None, interval, "on_repeat")

        rows = [
            row("Epochs", "epochs", ".3~r"),
            row("Parameters N", "N"),
            row("Tokens D", "D"),
            row("worth in new tokens", "worth"),
            row("Tokens per parameter", "ratio", ".3~r"),
            row("Loss", "loss", ".4f"),
        ]
        return Table(label[0].upper() + label[1:], rows)

    return [table(key, label) for key, label in SPLITS.items()]


def filter_tables() -> list[Table]:
    """Both filters at the samples seen, and where the looser one takes the lead."""

    def row(what: str, cell: str, format: str) -> Readout:
        return Readout(what, cell, format, visible="on_filter")

    return [
        Table(
            "Strict filter",
            [
                row("Error", "strict_error", ".4f"),
                row("Epochs over its pool", "strict_epochs", ".3~r"),
            ],
        ),
        Table(
            "Looser filter",
            [
                row("Error", "loose_error", ".4f"),
                row("Epochs over both pools", "loose_epochs", ".3~r"),
            ],
        ),
        Table(
            "The looser filter wins from",
            [
                row("Samples seen", "crossing", "quantity"),
                row("Epochs of the strict pool", "crossing_epochs", ".3~r"),
            ],
        ),
    ]


def mix_tables() -> list[Table]:
    """Shares and losses: yours, the predicted best, and what counts."""

    def row(what: str, cell: str, format: str) -> Readout:
        return Readout(what, cell, format, visible="on_mix")

    def table(label: str, prefix: str, loss: str) -> Table:
        shares = [row(name, f"{prefix}_{name}", ".1%") for name in domains()]
        return Table(label, [*shares, row("Weighted loss", loss, ".4f")])

    yours = table("Your mixture", "r", "mix_loss")
    return [
        Table(yours.label, [*yours.rows, row("above the best", "mix_extra", ".2%")]),
        table("Predicted best", "ideal", "ideal_mix_loss"),
        Table("Weights in validation", [row(n, f"w_{n}", ".1%") for n in domains()]),
    ]
