"""The ArchitectureLab's numbers. No values, only cells."""

from __future__ import annotations

from collections.abc import Container

from ..vocabulary import Readout, Table
from .cells import COMPARISONS, EXPERTS
from .more_cells import APPROACHES, DIFFUSION, LINEAR, OPTIMISERS

_MANY = ".3~r"


def tables(drawn: Container[str]) -> list[Table]:
    """What yours costs, what it is worth, what the law advises; with intervals for the roles of
    which there are draws."""
    return [
        *_expert_tables(drawn),
        *_granularity_tables(drawn),
        *_vocabulary_tables(drawn),
        *_stream_tables(drawn),
        *_shape_tables(drawn),
        *_family_tables(),
    ]


def _table(topic: str, label: str, rows: list[tuple[str, str, str]], interval: bool) -> Table:
    on = f"on_{topic}"
    return Table(label, [Readout(*row, interval=interval, visible=on) for row in rows])


def _worth(topic: str, role: str, interval: bool, plain: str = "a dense model") -> Table:
    rows = [(f"equal {label}", f"{role}_{name}", _MANY) for name, label in COMPARISONS.items()]
    return _table(topic, f"Times as much for {plain}", rows, interval)


def _expert_tables(drawn: Container[str]) -> list[Table]:
    known = any(role in drawn for role in EXPERTS)
    yours = [
        ("Loss", "sparse_loss", ".4f"),
        ("Training FLOPs", "sparse_paid", "quantity"),
        ("Parameters in memory", "sparse_total", "quantity"),
        ("Equal dense model, same tokens", "sparse_even", "quantity"),
        ("Decades beyond the runs", "sparse_beyond", ".2~f"),
    ]
    served = [
        ("Ludziejewski et al.", "ludz_served", _MANY),
        ("Abnar et al.", "abnar_served", _MANY),
        ("Clark et al.", "clark_served", _MANY),
        ("Frantar et al.", "frantar_served", _MANY),
    ]
    return [
        _worth("experts", "sparse", known),
        _table("experts", "Your model", yours, known),
        _table("experts", "Equal inference cost, by law", served, False),
    ]


def _granularity_tables(drawn: Container[str]) -> list[Table]:
    known = "moe" in drawn or "plain" in drawn
    yours = [
        ("Loss", "moe_loss", ".4f"),
        ("Training FLOPs, with router", "moe_C", "quantity"),
        ("Parameters in memory", "moe_total", "quantity"),
        ("Equal dense model, same tokens", "moe_even", "quantity"),
        ("Decades beyond the runs", "moe_beyond", ".2~f"),
    ]
    best = [
        ("Granularity", "best_G", _MANY),
        ("Loss", "best_G_loss", ".4f"),
        ("Active parameters at your G", "moe_best_N", "quantity"),
        ("Loss of the best dense model", "plain_loss", ".4f"),
    ]
    return [
        _worth("granularity", "moe", known),
        _table("granularity", "Your mixture", yours, known),
        _table("granularity", "Best for your FLOPs", best, False),
    ]


def _vocabulary_tables(drawn: Container[str]) -> list[Table]:
    known = "vocab" in drawn
    yours = [
        ("Training FLOPs", "vocab_C", "quantity"),
        ("All parameters", "vocab_total", "quantity"),
        ("Tokens left", "vocab_D", "quantity"),
        ("Tokens of a text, over usual", "shorter", ".1%"),
        ("Loss less unigram loss", "vocab_loss", ".4f"),
    ]
    best = [(f"Approach {n}", f"best_V_{n}", "quantity") for n in APPROACHES]
    return [
        _worth("vocabulary", "vocab", known, "32K entries"),
        _table("vocabulary", "Your vocabulary", yours, known),
        _table("vocabulary", "Best vocabulary", best, False),
    ]


def _stream_tables(drawn: Container[str]) -> list[Table]:
    known = "stream" in drawn
    yours = [
        ("Loss", "stream_loss", ".4f"),
        ("Equal model of one stream", "stream_even", "quantity"),
        ("Decades beyond the runs", "stream_beyond", ".2~f"),
    ]
    return [
        _worth("streams", "stream", known, "one stream"),
        _table("streams", "Your streams", yours, known),
    ]


def _shape_tables(drawn: Container[str]) -> list[Table]:
    known = "shape" in drawn

    def shape(prefix: str, loss: str) -> list[tuple[str, str, str]]:
        depth, width, aspect = (
            f"{prefix}{name}" if prefix else name for name in ("depth", "width", "aspect")
        )
        return [
            ("Layers", depth, _MANY),
            ("Width", width, ".0f"),
            ("Width / layers", aspect, _MANY),
            ("Loss", loss, ".4f"),
        ]

    grown = [
        ("Width, times", "vision_width", _MANY),
        ("Depth, times", "vision_depth", _MANY),
        ("MLP, times", "vision_mlp", _MANY),
        ("Parameters, times", "vision_params", _MANY),
    ]
    worth = ("Tokens that it would need", "shape_worth", ".1%")
    return [
        _table("shape", "Your shape", shape("", "shape_loss"), known),
        _table(
            "shape",
            "Best shape, same parameters",
            [*shape("best_", "best_shape_loss"), worth],
            known,
        ),
        _table("shape", "SoViT: a grown vision model", grown, False),
    ]


def _family_tables() -> list[Table]:
    named = {"mdm": "Masked diffusion (claimed)", "plaid": "Continuous diffusion (claimed)"}
    compute = [(label, f"{n}_compute", _MANY) for n, label in LINEAR.items()]
    compute += [(named[n], f"{n}_compute", _MANY) for n in DIFFUSION]
    better = [(f"{label} (not verified)", f"{n}_compute", _MANY) for n, label in OPTIMISERS.items()]
    sizes = [(label, f"{n}_size", _MANY) for n, label in LINEAR.items()]
    return [
        _table("families", "Compute of a transformer, times", compute, False),
        _table("families", "Parameters of LLaMA, times", sizes, False),
        _table("families", "Compute with AdamW, times", better, False),
    ]
