"""The FLOPs of a token, as one paper or another counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ...lawbook.law import spelling_hint

if TYPE_CHECKING:
    from .architecture import Architecture

Recomputation = Literal["none", "selective", "full"]

BACKWARD = 2.0  # FLOPs backward per FLOP forward (Kaplan et al. 2020, Sec. 2.1)


@dataclass(frozen=True)
class Counting:
    """What a paper counts in one token's forward pass, besides two FLOPs a weight of the layers.

    Parameters
    ----------
    attention : float
        FLOPs a layer, unit of attention width and position of the sequence: 4 for the scores and
        the weighted values of a whole sequence, 2 where the causal half is left out.
    softmax : float
        FLOPs a layer, head and position.
    vocabulary : float, optional
        FLOPs a row and unit of width of the vocabulary, where it is counted; two a weight of the
        embeddings where None.
    logits : bool
        Whether the paper counts it.
    """

    attention: float
    softmax: float
    vocabulary: float | None
    logits: bool
    source: str


COUNTINGS = {
    "6ND": Counting(0, 0, None, True, "2N forward, 4N backward, N with its embeddings"),
    "kaplan": Counting(2, 0, 2, False, "Kaplan et al. 2020, Table 1: 2N + 2 n_layer n_ctx d_attn"),
    "hoffmann": Counting(4, 3, 4, True, "Hoffmann et al. 2022, Appendix F"),
    "deepseek": Counting(4, 0, 2, False, "DeepSeek 2024, Eq. 2: 72 n_layer d**2 + 12 n_layer d l"),
}


def _counting(name: str) -> Counting:
    if name not in COUNTINGS:
        raise ValueError(
            f"counting: there is no count {name!r}; there are {', '.join(COUNTINGS)}"
            f"{spelling_hint(name, COUNTINGS)}"
        )
    return COUNTINGS[name]


def _attention_flops(shape: Architecture, count: Counting) -> float:
    """What does not go through weights: scores, softmax, weighted values."""
    a_position = count.attention * shape.attention_width + count.softmax * shape.heads
    return a_position * shape.layers * shape.sequence


def forward_flops(shape: Architecture, counting: str, logits: bool | None) -> float:
    """See :meth:`Architecture.forward_flops`."""
    count = _counting(counting)
    flops = 2.0 * shape.active_non_embedding_parameters + _attention_flops(shape, count)
    if not (count.logits if logits is None else logits):
        return flops
    if count.vocabulary is None:
        return flops + 2.0 * shape.embedding_parameters
    return flops + count.vocabulary * shape.vocabulary * shape.width


def training_flops(
    shape: Architecture, counting: str, logits: bool | None, recomputation: Recomputation
) -> float:
    """See :meth:`Architecture.training_flops`."""
    if recomputation not in get_args(Recomputation):
        raise ValueError(
            f"counting: recomputation must be one of {', '.join(get_args(Recomputation))}, "
            f"not {recomputation!r}"
        )
    forward = forward_flops(shape, counting, logits)
    again = {
        "none": 0.0,
        "selective": _attention_flops(shape, _counting(counting)),
        "full": forward,
    }
    return (1.0 + BACKWARD) * forward + again[recomputation]
