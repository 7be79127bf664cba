"""Chinchilla's approach 2: curves of the loss at each budget, power laws through their minima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from ...lawbook.door import check_whole, checked
from ...runs import read_runs
from ..types import Array, FitError, one_blas_thread
from .budgets import group_by_budget
from .frontier import Frontier, FrontierBootstrap, bootstrap, constants
from .isoline import CURVES, SIZES, Curve, Profile


@dataclass(frozen=True, eq=False)
class IsoFlop(Frontier):
    """Optima of IsoFLOP profiles and the power laws through them.

    Attributes
    ----------
    budgets : polars.DataFrame
        One row a budget: ``budget`` (FLOPs), ``runs``, ``N_opt``, ``D_opt``, ``loss_opt`` (null
        where the curve has no minimum), ``minimum`` (whether it has one) and ``inside`` (whether
        it lies between the smallest and the largest model: outside it is extrapolated).
    runs : polars.DataFrame
        The runs used, with their ``budget``.
    left_out : int
        Runs that belong to none of the budgets asked for.
    curve, D_from : str
        As given to :func:`approach_2`.
    """

    budgets: pl.DataFrame
    runs: pl.DataFrame
    left_out: int
    curve: Curve
    D_from: Literal["C", "curve"]
    profiles: tuple[tuple[Profile, ...], ...] = field(repr=False)

    @checked(FitError)
    def curves(self, points: int = 60) -> pl.DataFrame:
        """The fitted curves to draw: ``budget``, ``N``, ``loss``, ``points`` rows a budget, from
        the smallest to the largest model of each."""
        check_whole(FitError, "curves: points", points, 1, 1_000_000)
        parts = []
        for budget, (profile, *_) in zip(self.budgets["budget"], self.profiles, strict=True):
            x = np.linspace(profile.x[0], profile.x[-1], points)
            loss = profile.values(self.curve, x)
            parts.append(pl.DataFrame({"budget": budget, "N": 10.0**x, "loss": loss}))
        return pl.concat(parts)

    @checked(FitError)
    def bootstrap(
        self, resamples: int = 1000, seed: int = 0, *, noise: npt.ArrayLike | None = None
    ) -> FrontierBootstrap:
        """Refit to ``resamples`` resamples; an interrupt keeps those made so far.

        Parameters
        ----------
        noise : float or array_like (runs,), optional
            Without it runs are drawn with replacement within each budget. With it the runs stay
            and their losses get normal errors of this standard deviation (nats per token; one a
            run, in the order of ``self.runs``), as between seeds (Porian et al. 2024).

        Raises
        ------
        FitError
            For an interpolated curve without ``noise``: it goes through every run, so runs that
            are drawn again say nothing of their error.
        """
        if noise is None and self.curve == "interpolated":
            raise FitError(
                "bootstrap: an interpolated curve goes through every run; give noise=, the "
                "standard deviation of a run's loss between seeds (0.002 to 0.05 nats is usual)"
            )
        deviation = None if noise is None else _deviations(noise, len(self.runs))
        groups = [profiles[0].size for profiles in self.profiles]
        ends = np.cumsum(groups)

        def resample(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
            found = np.empty((2, size, len(groups)))
            for i, profiles in enumerate(self.profiles):
                n = groups[i]
                drawn: dict[str, Array]
                if deviation is None:
                    counts = rng.multinomial(n, np.full(n, 1.0 / n), size=size)
                    drawn = {"counts": counts.astype(float)}
                else:
                    sigma = deviation[ends[i] - n : ends[i]]
                    drawn = {"errors": sigma * rng.standard_normal((size, n))}
                found[:, :, i] = _optimum(profiles, self.curve, self._log_C[i], drawn)[:2]
            return found[0], found[1]

        return bootstrap(self._log_C, resample, resamples, seed, max(groups))

    @property
    def _log_C(self) -> Array:
        return np.asarray(np.log(self.budgets["budget"].to_numpy()))

    def notes(self) -> list[str]:
        """What to be wary of, one sentence each; empty when every optimum lies inside its grid."""
        found = []
        downward = self.budgets.filter(~pl.col("minimum"))["budget"]
        outside = self.budgets.filter("minimum", ~pl.col("inside"))["budget"]
        if len(downward):
            found.append(
                f"No minimum at {_named(downward)}: left out of the power laws. Add smaller and "
                "larger models there."
            )
        if len(outside):
            found.append(
                f"Minimum outside the models trained at {_named(outside)}: extrapolated. Add "
                "models on that side, or leave these budgets out."
            )
        if self.left_out:
            found.append(f"{self.left_out} runs belong to none of the budgets.")
        return found

    def summary(self) -> str:
        """A page of text: the optimum at every budget, the power laws, notes."""
        rows = [f"{'budget':>10}{'runs':>6}{'N_opt':>12}{'D_opt':>12}{'loss':>9}"]
        for row in self.budgets.iter_rows(named=True):
            start = f"{row['budget']:10.3g}{row['runs']:6d}"
            if not row["minimum"]:
                rows.append(f"{start}{'no minimum':>14}")
                continue
            end = "" if row["inside"] else "  outside the grid"
            numbers = f"{row['N_opt']:12.4g}{row['D_opt']:12.4g}{row['loss_opt']:9.4f}"
            rows.append(f"{start}{numbers}{end}")
        notes = [f"note: {note}" for note in self.notes()]
        return "\n".join([str(self), "", *rows, *([""] if notes else []), *notes])

    def __str__(self) -> str:
        used = int(self.budgets["minimum"].sum())
        return (
            f"approach 2 ({self.curve}) on {len(self.runs)} runs, {used} of {len(self.budgets)} "
            f"budgets: {self._laws()}"
        )

    def __repr__(self) -> str:
        return f"IsoFlop({self})"


_LOUDEST = 1e6


@checked(FitError)
def approach_2(
    runs: Any,
    *,
    curve: Curve = "parabola",
    D_from: Literal["C", "curve"] = "C",
    budgets: Sequence[float] | None = None,
    within: float = 0.05,
) -> IsoFlop:
    """Chinchilla's approach 2: the minimum of loss at each budget, power laws through the minima.

    Hoffmann et al. 2022, Sec. 3.2: a parabola of the loss in log N at each budget, by least
    squares; its vertex is N_opt; a line through log N_opt against log C. Vertices outside of the
    grid of sizes count, as there, and are named in ``notes()``. The method is biased where alpha
    and beta differ, the more the wider the grids, and by grids that are off centre (Czech et al.
    2026): compare with :func:`approach_3`.

    Parameters
    ----------
    runs : DataFrame and whatever else ``read_runs`` takes
        Final losses (nats per token) with N and C, or N and D.
    curve : {"parabola", "cubic", "interpolated"}
        ``"parabola"``: Hoffmann et al. 2022, Llama 3 (2024), Czech et al. 2026. ``"cubic"``: a
        third-degree polynomial, of no published study known here: on Czech et al.'s widest grid
        over Chinchilla's surface it plans 0.2 % too many tokens, a parabola 5.1 % too few, but
        under noise its exponent scatters twice as much; four sizes a budget. ``"interpolated"``:
        Akima's curve through log loss against log N, of the best run of each size (Porian et al.
        2024, who take the lowest of 25 points an interval, where here it is solved for); never
        extrapolates. Monotone interpolation (PCHIP) is not offered: its minimum is the best run.
    D_from : {"C", "curve"}
        ``"C"``: D_opt = C/(6 N_opt). ``"curve"``: the minimum of a second curve, in log D, as
        Czech et al. (2026) and Porian et al. (2024) do; differs where runs do not have C = 6ND.
    budgets : sequence of float, optional
        FLOPs. Runs within ``within`` of one are used, the others left out and counted. Without
        it the column ``budget`` tells, and where there is none, C: runs with neighbouring C.
    within : float
        How far a run's C may lie from its budget, as a share of it.

    Returns
    -------
    IsoFlop
        With ``budgets`` (a table), ``a_N``, ``a_D``, ``k_N``, ``k_D``, ``N_opt(C)``, ``D_opt(C)``,
        ``bootstrap()``, ``notes()``, ``summary()``.

    Raises
    ------
    FitError
        Budgets that cannot be told apart, with too few different sizes, or fewer than two with a
        minimum; the message names them.
    RunsError
        Runs that cannot be read; the message names rows.
    """
    if curve not in CURVES:
        raise FitError(f"approach_2: unknown curve {curve!r}; there are {', '.join(CURVES)}")
    if D_from not in ("C", "curve"):
        raise FitError(f'approach_2: D_from must be "C" or "curve", not {D_from!r}')
    table = read_runs(runs)
    grouped = group_by_budget(table, budgets, within)
    groups = grouped.partition_by("budget", maintain_order=True)
    quantities = ["N"] if D_from == "C" else ["N", "D"]
    _check_sizes(groups, quantities, curve)
    levels = np.array([g["budget"][0] for g in groups])
    profiles = tuple(
        tuple(Profile.of(g[q].to_numpy(), g["loss"].to_numpy()) for q in quantities) for g in groups
    )
    with one_blas_thread():
        found = [
            _optimum(p, curve, c, {})[:, 0] for p, c in zip(profiles, np.log(levels), strict=True)
        ]
    log_N, log_D, loss = np.array(found).T
    inside = [g["N"].min() < n < g["N"].max() for g, n in zip(groups, np.exp(log_N), strict=True)]
    optima = pl.DataFrame(
        {
            "budget": levels,
            "runs": [len(g) for g in groups],
            "N_opt": np.exp(log_N),
            "D_opt": np.exp(log_D),
            "loss_opt": loss,
            "minimum": np.isfinite(log_N),
            "inside": inside,
        }
    ).with_columns(pl.col("N_opt", "D_opt", "loss_opt").fill_nan(None))
    _check_minima(optima)
    left_out = len(table) - len(grouped)
    laws = constants(np.log(levels), log_N, log_D)
    return IsoFlop(*laws, optima, grouped, left_out, curve, D_from, profiles)


def _optimum(
    profiles: tuple[Profile, ...], curve: Curve, log_C: float, drawn: dict[str, Array]
) -> Array:
    """log N_opt, log D_opt and the loss there (3, resamples) of one budget, NaN where none."""
    minima = [profile.minima(curve, **drawn) for profile in profiles]
    log_N, loss = np.log(10.0) * minima[0][0], minima[0][1]
    largest = log_C - np.log(6.0)
    log_D = largest - log_N if len(minima) == 1 else np.log(10.0) * minima[1][0]
    # a curve that is nearly flat has its vertex anywhere; below one parameter or token it is none
    there = (log_N >= 0) & (log_D >= 0) & (log_N <= largest) & (log_D <= largest)
    return np.where(there, np.stack([log_N, log_D, loss]), np.nan)


def _deviations(noise: npt.ArrayLike, count: int) -> Array:
    given = np.asarray(noise, dtype=float)
    if given.shape not in ((), (count,)) or not ((given >= 0) & (given <= _LOUDEST)).all():
        raise FitError(
            f"bootstrap: noise must be one number or {count}, one a run, finite and not negative "
            f"(at most {_LOUDEST:g} nats)"
        )
    return np.broadcast_to(given, (count,))


def _named(budgets: pl.Series) -> str:
    shown = ", ".join(f"{c:.4g}" for c in budgets.head(10))
    return shown + (f" and {len(budgets) - 10} more" if len(budgets) > 10 else "") + " FLOPs"


def _check_sizes(groups: list[pl.DataFrame], quantities: list[str], curve: Curve) -> None:
    few = [
        g["budget"][0] for g in groups if min(g[q].n_unique() for q in quantities) < SIZES[curve]
    ]
    if few:
        raise FitError(
            f"approach_2: a curve of kind {curve!r} needs {SIZES[curve]} different sizes at a "
            f"budget; there are fewer at {_named(pl.Series(few))}. Leave these runs out, or name "
            "the budgets to use with budgets=[...]"
        )


def _check_minima(optima: pl.DataFrame) -> None:
    have, lack = optima.filter("minimum")["budget"], optima.filter(~pl.col("minimum"))["budget"]
    if len(have) > 1:
        return
    if not len(lack):
        raise FitError(
            f"approach_2: all runs have one budget, {_named(have)}; a power law needs two or more"
        )
    raise FitError(
        f"approach_2: {len(have)} of {len(optima)} budgets have a minimum, a power law needs two. "
        f"The loss has none at {_named(lack)}: train smaller and larger models there"
    )
