"""What the ArchitectureLab shows, from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..given import GIVEN, draws_of
from ..known_models import marks
from ..law_cells import chosen
from ..topics import asked, question
from ..vocabulary import Choice, Group, Page, Slider
from . import experts, families, granularity, shape, streams, vocabulary
from .cells import CORPORA, ROUTERS, SELECTIONS, constants
from .experts import EXPERTS

TOPICS = {
    "experts": "How many experts?",
    "granularity": "How finely to slice them?",
    "vocabulary": "How large a vocabulary?",
    "streams": "How many parallel streams?",
    "shape": "How wide, how deep?",
    "families": "Another kind of model?",
}
ASKS = ("dataset",)
ROUTED = {
    "sbase": "S-BASE",
    "rlr": "RL-R",
    "hash": "Hash",
    "sbase_refit": "S-BASE, refitted",
    "rlr_refit": "RL-R, refitted",
    "hash_refit": "Hash, refitted",
}
TRAINED = {"stack": "Stack-V2 (Python)", "pile": "The Pile"}
SELECTED = {
    "width_depth_params": "beyond 100B tokens",
    "hot": "all checkpoints",
    "cool_end": "after cooldown",
    "half_lr": "half the learning rate",
    "hot_120b": "beyond 120B tokens only",
}
NOTES = (
    "Training FLOPs: the compute with which the best dense model has the loss that this kind of "
    "model has at its best N and D, over that compute. Memory and inference cost: the parameters "
    "of the dense model with your loss after your tokens, over what yours holds and what one token "
    "pays for. Above 1 yours wins. Dashed: beyond the paper's runs. A dash in place of "
    "a number: no dense model gets there.",
    "Losses of two papers are never compared, only each with its own dense models. Clark et al. "
    "and ParScale trained all models on the same tokens: for them training FLOPs are compared at "
    "the same tokens, too. Signs in Ludziejewski et al.'s law are inferred (sw.law(...).errata).",
    "Memory counts parameters, no cache. Experts stand in every block (Clark et al.: every other), "
    "one is active for a token; Abnar et al. count idle parameters as a share of all. Pruned "
    "weights cost nothing in memory and serving, which today's hardware does not quite manage.",
    "Granularity: 64 experts' worth of parameters. The router's FLOPs count in training and in "
    "serving. With the printed digits dense models need 32 times the compute at 1e25 FLOPs; the "
    "abstract has more than 40.",
    "Vocabulary: against 32,000 entries in a model of the same size without vocabulary. Inference "
    "cost is for the same text, which a larger vocabulary writes in fewer tokens (authors' fit of "
    "tokens a character, up to 200,000). Dotted: the best by approaches 1 and 2. The curves of the "
    "best vocabulary step where the authors' table of embedding widths does.",
    "Streams: each is a forward pass with the same weights. Where reading weights bounds the speed "
    "(one sequence at a time) the memory line is nearer to the latency than the inference line.",
    "Shape: at the same N every shape costs the same FLOPs and memory, attention aside; deep and "
    "narrow models were slower in seconds, which no law here knows. SoViT's exponents are of "
    "vision models.",
    "Families: compute in PF-days in Shen et al.'s table is inferred. 16 (Nie et al. 2024) and 64 "
    "(Gulrajani and Hashimoto 2023) are the papers' claims, not recomputed; diffusion models give "
    "a bound of the loss. Optimisers' factors are from a summary, not verified.",
)


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    given: Mapping[str, Mapping[str, str]]
    """Role to constant to the fact that holds a fit's value."""
    datasets: Mapping[str, str]
    dataset: str
    measured: Sequence[str]
    """Topics of which there are runs."""
    drawn: Mapping[str, Sequence[str]]
    """Role to the constants of which there are draws."""


def architecture_page(shown: Shown) -> Page:
    measured = shown.measured
    return Page(
        title="Architecture lab",
        teaches="Experts, vocabularies, streams and shapes, each in dense models: a gain at equal "
        "inference cost is often a loss at equal memory.",
        source="Experts 2502.05172, 2501.12370, 2202.01169, 2309.08520, 2402.07871; vocabulary "
        "2407.13623; streams 2505.10475; shape 2502.06857, 2305.13035; families 2406.16690, "
        "2305.18619, 2410.18514, 2602.07712 (arXiv)",
        groups=groups(shown.datasets),
        formulas={
            **_visible(GIVEN in shown.datasets),
            **constants(shown.given),
            **experts.formulas(),
            **granularity.formulas(),
            **vocabulary.formulas(),
            **streams.formulas(),
            **shape.formulas(),
            **families.formulas(),
        },
        solves=[
            *experts.solves(),
            *granularity.solves(),
            *vocabulary.solves(),
            *shape.solves(),
        ],
        draws=[
            draws_of(f"{role}_{name}", positive=False)
            for role, names in shown.drawn.items()
            for name in names
        ],
        plots=[
            *experts.plots("experts" in measured, shown.dataset == GIVEN),
            *granularity.plots(),
            *vocabulary.plots("vocabulary" in measured),
            *streams.plots("streams" in measured),
            *shape.plots("shape" in measured),
            *families.plots(),
        ],
        tables=[
            *experts.tables(shown.drawn),
            *granularity.tables(shown.drawn),
            *vocabulary.tables(shown.drawn),
            *streams.tables(shown.drawn),
            *shape.tables(shown.drawn),
            *families.tables(),
        ],
        asks=ASKS,
        notes=NOTES,
    )


def _visible(given_runs: bool) -> dict[str, str]:
    """What is on the screen, by topic and law."""
    on = asked(TOPICS)
    for at, role in enumerate(EXPERTS):
        on[f"is_{role}"] = chosen("law_name", at)
        on[f"on_{role}"] = f"on_experts*is_{role}"
    # of the laws of experts only Clark et al.'s has public runs
    held = "on_experts" if given_runs else "on_clark"
    return {
        **on,
        "on_sized": "1 - on_families",
        "on_tokens": "on_sized*(1 - on_streams)",
        "on_measured": f"on_vocabulary + on_streams + on_shape + {held}",
    }


# --- controls ---------------------------------------------------------------------------------


def groups(datasets: Mapping[str, str]) -> list[Group]:
    model = [
        Slider(
            "N",
            "Parameters N",
            (1e7, 1e12),
            "params",
            marks=marks("N"),
            help=_N_HELP,
            visible="on_sized",
        ),
        Slider(
            "D", "Training tokens D", (1e9, 1e14), "tokens", marks=marks("D"), visible="on_tokens"
        ),
        Slider("budget", "Training compute C", (1e16, 1e24), "FLOP", visible="on_families"),
        Slider(
            "E",
            "Experts E",
            (1.0, 512.0),
            format=".3~g",
            help="one is active for a token; pruned: one weight in E is left",
            visible="on_experts",
        ),
        Slider(
            "G",
            "Granularity G",
            (1.0, 128.0),
            format=".3~g",
            help="width of a feed-forward layer over that of an expert",
            visible="on_granularity",
        ),
        Slider("V", "Vocabulary V", (2000.0, 1e6), "entries", visible="on_vocabulary"),
        Slider("P", "Parallel streams P", (1.0, 16.0), format=".3~g", visible="on_streams"),
        Slider(
            "depth",
            "Layers",
            (2.0, 200.0),
            format=".3~g",
            help="the width follows: N stays",
            visible="on_shape",
        ),
    ]
    return [
        question(TOPICS),
        Group("Your model", model),
        Group(
            "Law and runs",
            [
                Choice("law_name", "Law", EXPERTS, visible="on_experts"),
                Choice("router", "Router", {n: ROUTED[n] for n in ROUTERS}, visible="on_clark"),
                Choice(
                    "corpus", "Trained on", {n: TRAINED[n] for n in CORPORA}, visible="on_streams"
                ),
                Choice(
                    "selection",
                    "Fitted to",
                    {n: SELECTED[n] for n in SELECTIONS},
                    visible="on_shape",
                ),
                Slider(
                    "growth",
                    "SoViT: compute grows by",
                    (1.0, 1000.0),
                    "times",
                    format=".3~g",
                    visible="on_shape",
                ),
                Choice("dataset", "Hold the law to runs", datasets, visible="on_measured"),
            ],
        ),
    ]


_N_HELP = "those a token passes; without the vocabulary where that is asked about"
