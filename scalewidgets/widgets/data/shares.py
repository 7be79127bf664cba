"""The DataLab's inputs for a mixture, and the mixtures that follow from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ...runs import load_runs
from ..traits import Quantity, Values
from . import mix as data_mix
from .mixtures import (
    CORNERS,
    LABELS,
    REGMIX,
    YE,
    Mixed,
    all_domains,
    beginnings,
    best_mixture,
    mixing,
    shares,
)

_SIZES = np.geomspace(1e7, 1e13, 25)  # at which the best mixture is drawn


class MixtureInputs(traitlets.HasTraits):
    """A law of mixtures, the shares of its domains, and what is best of them."""

    mixing = traitlets.Enum(list(LABELS), YE).tag(sync=True)
    mixtures = traitlets.Enum(list(data_mix.MIXTURES), "none").tag(sync=True)
    corners = traitlets.Dict(value_trait=traitlets.Unicode()).tag(sync=True)
    shares = Values(beginnings("shares"), traitlets.Float(min=0.0), "domain").tag(sync=True)
    weights = Values(beginnings("weights"), traitlets.Float(min=0.0), "domain").tag(sync=True)
    N = Quantity(1e9).tag(sync=True)
    D = Quantity(2e10).tag(sync=True)
    constants = Values(beginnings("constants"), what="constant").tag(sync=True)

    _corners: dict[str, str] | None = None
    _measured: pl.DataFrame | None = None

    @traitlets.validate("constants")
    def _positive(self, proposal: Any) -> dict[str, float]:
        given: dict[str, float] = proposal["value"]
        if not all(0 < value < float("inf") for value in given.values()):
            raise traitlets.TraitError("constants: all must be positive and finite")
        return given

    @traitlets.validate("corners")
    def _distinct(self, proposal: Any) -> dict[str, str]:
        """Three different domains of the law: one that moves to a corner trades places."""
        given: dict[str, str] = proposal["value"]
        known = mixing(self.mixing)
        # not self.corners: a front end's message is set first and validated at its end
        found = {**dict(zip(CORNERS, known.corners, strict=True)), **known.own(self._corners or {})}
        for corner, domain in given.items():
            if corner not in CORNERS or domain not in all_domains():
                raise traitlets.TraitError(
                    f"corners: {corner!r}: {domain!r} is not a corner ({', '.join(CORNERS)}) with "
                    f"one of the domains {', '.join(known.domains)}"
                )
        changed = known.own(given).items() - found.items()
        for corner, domain in sorted(changed):
            for other in CORNERS:
                if found[other] == domain:
                    found[other] = found[corner]
            found[corner] = domain
        self._corners = found
        return found

    @traitlets.observe("mixing")
    def _other_domains(self, _change: object) -> None:
        self.corners = {}  # those that the law does not have give way

    # --- results as objects -------------------------------------------------------------------

    @property
    def mixture(self) -> dict[str, float]:
        """Your shares of the law's domains, which sum to 1."""
        return shares({name: self.shares[name] for name in mixing(self.mixing).domains})

    @property
    def best_mixture(self) -> dict[str, float]:
        """Shares with the least loss that the mixing law predicts: for the weights, or the N, D
        and constants."""
        return self._best({})

    @property
    def measured_mixtures(self) -> pl.DataFrame | None:
        """The mixtures that the law is held to, shares ``r_...`` and ``loss``; None without.

        Raises
        ------
        DatasetError
            When they cannot be had; the lab then keeps its last good picture.
        """
        if not self.mixed.runs:
            return None
        if self._measured is None:
            self._measured = load_runs(self.mixtures)
        return self._measured

    @property
    def best_in_triangle(self) -> dict[str, float]:
        """The same while the domains that are at no corner keep your shares."""
        corners = self.corners.values()
        return self._best({n: share for n, share in self.mixture.items() if n not in corners})

    def _best(self, fixed: Mapping[str, float], **cells: float) -> dict[str, float]:
        known = tuple({**self.mixing_cells(), **cells}.items())
        found = best_mixture(self.mixing, known, tuple(fixed.items()))
        return dict(zip(mixing(self.mixing).domains, found, strict=True))

    def mixing_cells(self) -> dict[str, float]:
        """What the mixing law reads beside shares."""
        law = mixing(self.mixing)
        if law.weights:
            weights = shares({name: self.weights[name] for name in law.domains})
            return {f"w_{name}": weight for name, weight in weights.items()}
        if law.sized:
            constants = {f"constants_{name}": self.constants[name] for name in law.free}
            return {"N": self.N, "D": self.D, **constants}
        return {}

    @property
    def mixed(self) -> Mixed:
        """What the page of a mixture is made of."""
        measured = self.mixing == REGMIX and self.mixtures != "none"
        return Mixed(self.mixing, tuple(self.corners[c] for c in CORNERS), measured)

    async def drift(self) -> AsyncIterator[Mapping[str, Any]]:
        """The best mixture at other sizes, for a law that counts N and D."""
        if not mixing(self.mixing).sized:
            return
        ratio, best = self.D / self.N, []
        for size in _SIZES:
            best.append(self._best({}, N=float(size), D=float(size * ratio)))
            await asyncio.sleep(0)
        yield {"drift_N": _SIZES} | {
            f"drift_{name}": np.array([one[name] for one in best]) for name in best[0]
        }
