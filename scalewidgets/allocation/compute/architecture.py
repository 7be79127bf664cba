"""The shape of a transformer, and how many parameters it has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...lawbook.door import check_whole, checked
from ...lawbook.magnitude import check_magnitude
from ...lawbook.quantity import named_quantity
from ..cost import Array
from . import counting as count
from .counting import Recomputation

if TYPE_CHECKING:
    import polars as pl

# width = 0.4873 N**0.3943: log-log line through the 50 shapes of Hoffmann et al. 2022, Table A9
# (44M to 16B parameters; fitted here, every width of the table within 11 % of it). It gives 9200
# for Chinchilla's 70B (width 8192) and 13200 for GPT-3's 175B (12288).
_WIDTH_COEFFICIENT, _WIDTH_EXPONENT = 0.48728, 0.394332
_WIDTH_TOLERANCE = 0.1

_MOST = 10**12  # of any count: products of them stay numbers
_COUNTS = ("layers", "width", "heads", "vocabulary", "sequence", "experts", "active_experts")
_OPTIONAL_COUNTS = ("ffw", "kv_heads", "head_width")


@checked(ValueError)
@dataclass(frozen=True)
class Architecture:
    """A decoder-only transformer.

    Biases, norms and learned positions are not counted: they are less than a thousandth of a model
    of a billion parameters.

    Parameters
    ----------
    layers, width, heads : int
        Blocks, width of the residual stream, attention heads.
    vocabulary : int
        Rows of the embedding.
    sequence : int
        Tokens a training sequence.
    ffw : int, optional
        Width within the feed-forward block (of one expert); 4 width where left out.
    kv_heads : int, optional
        Heads of keys and values (grouped-query attention); as many as heads where left out.
    head_width : int, optional
        Width of keys and values a head; width / heads where left out.
    experts, active_experts : int
        Feed-forward blocks a layer, and how many of them a token passes through.
    tied_embeddings : bool
        Whether input and output share their matrix.
    gated : bool
        Whether the feed-forward block has a third matrix, its gate (SwiGLU).
    relative_positions : bool
        Whether each layer has one more matrix of width x width for relative positions
        (Transformer-XL), as Gopher and Chinchilla have.

    Raises
    ------
    ValueError
        For a number that is not a positive whole one, heads that do not divide the width or are
        not shared evenly, or more active experts than experts.

    Examples
    --------
    >>> gpt3 = Architecture(layers=96, width=12288, heads=96, vocabulary=50257, sequence=2048)
    >>> round(gpt3.parameters / 1e9, 1)
    174.6
    """

    layers: int
    width: int
    heads: int
    vocabulary: int
    sequence: int
    ffw: int | None = None
    kv_heads: int | None = None
    head_width: int | None = None
    experts: int = 1
    active_experts: int = 1
    tied_embeddings: bool = True
    gated: bool = False
    relative_positions: bool = False

    def __post_init__(self) -> None:
        for name in (*_COUNTS, *_OPTIONAL_COUNTS):
            value = getattr(self, name)
            if value is None and name in _OPTIONAL_COUNTS:
                continue
            check_whole(ValueError, f"architecture: {name}", value, 1, _MOST)
        if self.head_width is None and self.width % self.heads:
            raise ValueError(
                f"architecture: {self.heads} heads do not divide a width of {self.width}; "
                "give head_width="
            )
        if self.kv_heads is not None and self.heads % self.kv_heads:
            raise ValueError(
                f"architecture: {self.heads} heads cannot share {self.kv_heads} kv_heads evenly"
            )
        if self.active_experts > self.experts:
            raise ValueError(
                f"architecture: {self.active_experts} active_experts, but {self.experts} experts"
            )

    @classmethod
    @checked(ValueError, "architecture")
    def from_N(
        cls, N: float | str, *, vocabulary: int = 32_000, sequence: int = 2048
    ) -> Architecture:
        """A usual shape for a number of parameters, embeddings included.

        Feed-forward blocks of 4 width, tied embeddings, heads 128 wide (64 below a width of 1024).
        The width follows the line through the shapes of Hoffmann et al. 2022, Table A9, within a
        tenth; among these the shape whose parameters come nearest to N is taken. The table ends at
        16B parameters.

        Parameters
        ----------
        N : float or str
            Parameters, such as ``7e9`` or ``"7B"``.

        Raises
        ------
        ValueError
            When N is no number of parameters or too small to be one (says what may have been
            meant), or the vocabulary leaves none of it for the layers.
        """
        for name, value in {"vocabulary": vocabulary, "sequence": sequence}.items():
            check_whole(ValueError, f"architecture: {name}", value, 1, _MOST)
        wanted = check_magnitude("N", named_quantity("architecture: N", N, "params"))
        rule = _WIDTH_COEFFICIENT * wanted**_WIDTH_EXPONENT
        head = 128 if rule >= 1024 else 64
        low, high = (rule * (1 + side * _WIDTH_TOLERANCE) / head for side in (-1, 1))
        near = {max(1, round(rule / head)), *range(math.ceil(low), math.floor(high) + 1)} - {0}
        shapes = [
            cls(max(1, round(depth)), heads * head, heads, vocabulary, sequence)
            for heads in sorted(near)
            if (depth := _depth(wanted, heads * head, vocabulary)) > 0.5
        ]
        if not shapes:
            raise ValueError(
                f"architecture: a vocabulary of {vocabulary} leaves nothing of N = {N!r} for the "
                "layers; give a smaller vocabulary="
            )
        return min(shapes, key=lambda shape: abs(shape.parameters - wanted))

    @property
    def attention_width(self) -> int:
        """Width of all heads together."""
        return self.heads * (self.head_width or self.width // self.heads)

    @property
    def embedding_parameters(self) -> int:
        """Embedding, and the output's matrix where it is another one."""
        return (1 if self.tied_embeddings else 2) * self.vocabulary * self.width

    @property
    def non_embedding_parameters(self) -> int:
        return self._layer_parameters(self.experts) * self.layers

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.embedding_parameters + self.non_embedding_parameters

    @property
    def active_non_embedding_parameters(self) -> int:
        """Those of the layers that one token passes through."""
        return self._layer_parameters(self.active_experts) * self.layers

    @property
    def active_parameters(self) -> int:
        """As ``parameters``, with the active experts only."""
        return self.embedding_parameters + self.active_non_embedding_parameters

    def _layer_parameters(self, experts: int) -> int:
        shared = 2 * self.attention_width * (self.kv_heads or self.heads) // self.heads
        attention = self.width * (2 * self.attention_width + shared)
        positions = self.width * self.attention_width if self.relative_positions else 0
        block = (3 if self.gated else 2) * self.width * (self.ffw or 4 * self.width)
        router = self.width * self.experts if self.experts > 1 else 0
        return attention + positions + block * experts + router

    @checked(ValueError, "architecture")
    def forward_flops(self, counting: str = "6ND", *, logits: bool | None = None) -> float:
        """FLOPs of one token's forward pass.

        All weights of the layers that the token passes through count two FLOPs, as many as this
        shape has: 12 width**2 a layer, as the papers write, for a plain one only.

        Parameters
        ----------
        counting : str
            Whose count: ``"6ND"``, ``"kaplan"``, ``"hoffmann"`` or ``"deepseek"``;
            :meth:`flop_counts` lays them side by side.
        logits : bool, optional
            Whether the vocabulary is counted (as the paper does where left out). Hoffmann et al.
            say that they do, but the ratios of their Table A4 come out only without.

        Raises
        ------
        ValueError
            For an unknown counting.
        """
        return count.forward_flops(self, counting, logits)

    @checked(ValueError, "architecture")
    def training_flops(
        self,
        D: npt.ArrayLike | str,
        counting: str = "6ND",
        *,
        logits: bool | None = None,
        recomputation: Recomputation = "none",
    ) -> Array:
        """FLOPs of a training on D tokens: the backward pass costs two forward ones.

        Parameters
        ----------
        D : array_like or str
            Training tokens, such as ``1.4e12`` or ``"1.4T"``.
        counting, logits
            As in :meth:`forward_flops`.
        recomputation : {"none", "selective", "full"}
            What is computed anew in the backward pass: nothing, the attention's scores and weighted
            values as far as the count has them (Korthikanti et al. 2022), or the whole forward pass
            (a third more). Utilisation of the model (MFU) is reckoned without it, that of the
            hardware (HFU) with it.

        Returns
        -------
        numpy.ndarray
            Of the shape of D.

        Raises
        ------
        ValueError
            For an unknown counting or recomputation, or D that is no number of tokens.
        """
        tokens = named_quantity("architecture: D", D, "tokens") if isinstance(D, str) else D
        per_token = count.training_flops(self, counting, logits, recomputation)
        with np.errstate(over="ignore"):  # infinite, as NumPy has it
            return np.asarray(per_token * np.asarray(tokens, dtype=float))

    @checked(ValueError, "architecture")
    def flop_counts(self, D: float | str) -> pl.DataFrame:
        """The training FLOPs on D tokens by each count, side by side.

        Parameters
        ----------
        D : float or str
            Training tokens.

        Returns
        -------
        polars.DataFrame
            Columns counting, vocabulary (whether it is counted), as_published (whether the paper
            counts it so), forward_flops (a token), training_flops, over_6ND (ratio), source.

        Raises
        ------
        ValueError
            When D is no number of tokens, or too small to be one.
        """
        import polars as pl

        D = check_magnitude("D", named_quantity("architecture: D", D, "tokens"))
        names = [(n, logits) for n in count.COUNTINGS for logits in (True, False)]
        usual = float(self.training_flops(D))
        rows = [
            {
                "counting": name,
                "vocabulary": logits,
                "as_published": logits == count.COUNTINGS[name].logits,
                "forward_flops": self.forward_flops(name, logits=logits),
                "training_flops": float(self.training_flops(D, name, logits=logits)),
                "over_6ND": float(self.training_flops(D, name, logits=logits)) / usual,
                "source": count.COUNTINGS[name].source,
            }
            for name, logits in names
        ]
        return pl.DataFrame(rows)


def _depth(N: float, width: int, vocabulary: int) -> float:
    """Layers, not rounded, that bring a plain shape to N parameters."""
    return (N - vocabulary * width) / (12 * width**2)
