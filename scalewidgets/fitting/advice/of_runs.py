"""Pitfalls in which runs were made: too few, badly placed, too early, too much of one kind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from ...lawbook.quantity import format_quantity as quantity
from .note import CHOSHEN, CZECH, GADRE, HOFFMANN, LI, PORIAN, Note
from .study import Study, parabola_optimum, sizes_of

FEW_RUNS = 3  # runs a constant; Gadre et al. had 5 runs for 4 constants and no interval
FEW_SIZES = 5  # Choshen Sec. 8: five models are a safe minimum
FEW_BUDGETS = 4  # the studies of two to four budgets err most (Czech Fig. 9)
BIAS = 0.01  # of approach 2 in N_opt, worth a note
GRAVE_BIAS = 0.05  # what the usual grid of 16 times each way costs on Chinchilla (Czech Fig. 3)
EARLY = 0.1  # Choshen Sec. 6.1: the first tenth of training
CHECKPOINTS = 8  # token counts at one size: more than a grid of separate runs has
UNLIKELY = 0.01  # chance at which a difference counts as seen
HALF = 0.5
PULLED = 0.5  # leverage of one run to be avoided (Huber 1981, Sec. 7.2)
FLOPS = 0.05  # relative; counting the last layer moved an exponent by 0.13 (Porian)


def few_runs(study: Study, C: float | None) -> Iterator[Note]:
    """Degrees of freedom: different runs against free constants."""
    inputs = np.stack([np.round(study.logs[q], 6) for q in ("N", "D", "C")], axis=1)
    different, free = len(np.unique(inputs, axis=0)), study.fit.problem.size
    # inputs other than N and D tell runs apart that have these in common
    if not set(study.fit.law.variables) <= {"N", "D", "C"}:
        different = len(study.used)
    if different < FEW_RUNS * free:
        yield Note(
            "few_runs",
            "error" if different <= free else "warning",
            f"{different} different runs for {free} free constants.",
            "Add runs (small ones help), or hold constants with fixed={...}; no interval of this "
            "fit can be trusted.",
            f"{GADRE}; {CHOSHEN}, Sec. 9",
        )


def few_sizes(study: Study, C: float | None) -> Iterator[Note]:
    """Different model sizes."""
    if "N" not in study.fit.problem.columns:
        return
    sizes = len(sizes_of(study.runs["N"].to_numpy()))
    if sizes < FEW_SIZES:
        yield Note(
            "few_sizes",
            "warning",
            f"Only {sizes} model size{'s' if sizes > 1 else ''} among {len(study.used)} runs.",
            "Train at least five sizes; small ones do, and rather another size than another seed.",
            f"{CHOSHEN}, Sec. 7 and 8",
        )


def few_budgets(study: Study, C: float | None) -> Iterator[Note]:
    """isoFLOP curves: a line through two or three optima cannot be contradicted."""
    if study.is_isoflop and len(study.slices) < FEW_BUDGETS:
        budgets = ", ".join(quantity(s.C) for s in study.slices)
        yield Note(
            "few_budgets",
            "warning",
            f"{len(study.slices)} budget{'s' if len(study.slices) > 1 else ''} ({budgets} FLOPs).",
            "Add budgets, best a decade or more away: exponents from few budgets scatter widely.",
            f"{CZECH}, Fig. 9",
        )


def optimum_outside(study: Study, C: float | None) -> Iterator[Note]:
    """Budgets at which no smaller, or no larger, model than the optimum was tried."""
    if not study.has_optimum or not study.slices:
        return
    best = study.fit.N_opt([s.C for s in study.slices])
    beyond = [
        max(float(np.log(n / s.N.max())), float(np.log(s.N.min() / n)), 0.0)
        for s, n in zip(study.slices, best, strict=True)
    ]
    if any(beyond):  # NaN, no optimum at all, counts
        worst = int(np.argmax(beyond))
        s, n = study.slices[worst], float(best[worst])
        yield Note(
            "optimum_outside",
            "warning",
            f"At {np.count_nonzero(beyond)} of {len(study.slices)} budgets the fit's optimum lies "
            f"outside the sizes tried: at {quantity(s.C)} FLOPs at {quantity(n)}, tried "
            f"{quantity(s.N.min())} to {quantity(s.N.max())}.",
            "Add sizes on that side until the loss rises again.",
            f"{HOFFMANN}, Sec. 3.2",
        )


def grid(study: Study, C: float | None) -> Iterator[Note]:
    """What width and place of the isoFLOP grids would do to approach 2, were there no noise."""
    if not study.has_optimum or len(study.slices) < 2:
        return
    law, at = study.fit.law, C or study.largest
    best = study.fit.N_opt([s.C for s in study.slices])
    if not np.isfinite([*best, law.N_opt(at)]).all():
        return
    middle = np.array([np.sqrt(s.N.min() * s.N.max()) for s in study.slices])
    tried = [(s.C, s.N) for s in study.slices]
    centred = [(s.C, s.N * n / m) for s, n, m in zip(study.slices, best, middle, strict=True)]
    found, a = parabola_optimum(law, tried, at)
    ideal, a_centred = parabola_optimum(law, centred, at)
    width = np.median([np.sqrt(s.N.max() / s.N.min()) for s in study.slices])
    offset = np.log10(middle / best)
    drift = float(np.polyfit(np.log10([s.C for s in study.slices]), offset, 1)[0])
    cases = [
        (
            "wide_grid",
            ideal / float(law.N_opt(at)) - 1.0,
            a_centred,
            f"Grids reach {width:.3g} times to each side of their middle.",
            "narrow the grids to two to four times each way",
        ),
        (
            "uncentred_grid",
            found / ideal - 1.0,
            a,
            f"Grids are centred at {10 ** offset.mean():.2g} times the optimum, drifting by "
            f"{10**drift:.2g} times a decade of compute.",
            "centre each grid on the optimum",
        ),
    ]
    for code, bias, exponent, seen, do in cases:
        if abs(bias) >= BIAS:
            way = "large" if bias > 0 else "small"
            yield Note(
                code,
                "warning" if abs(bias) >= GRAVE_BIAS else "note",
                f"{seen} Without any noise this alone makes N_opt of approach 2 at {quantity(at)} "
                f"FLOPs {abs(bias):.1%} too {way} (a_N {exponent:.3f}).",
                f"Fit the surface (approach 3) rather than parabolas, or {do}.",
                f"{CZECH}, Fig. 3 and Sec. 5",
            )


def early_checkpoints(study: Study, C: float | None) -> Iterator[Note]:
    """Many token counts at one size, the first tenth of training among them."""
    on_curve = np.zeros(len(study.used), dtype=bool)
    for s in study.slices:
        on_curve[s.rows] = True
    table = pl.DataFrame({"N": study.runs["N"], "D": study.runs["D"], "curve": on_curve})
    longest = (
        table.filter(~pl.col("curve"))
        .group_by("N")
        .agg(last=pl.col("D").max(), count=pl.col("D").n_unique())
    )
    table = table.join(longest, on="N", how="left", maintain_order="left").fill_null(0.0)
    trained = (~table["curve"] & (table["count"] >= CHECKPOINTS)).to_numpy()
    early = trained & (table["D"] < EARLY * table["last"]).to_numpy()
    if not early.any():
        return
    from scipy.stats import ks_2samp  # 0.5 s to import, and few studies come here

    late = trained & ~early
    r = study.residuals
    p = float(ks_2samp(r[early], r[late]).pvalue) if late.any() else 1.0
    rms, others = (float(np.sqrt(np.mean(r[rows] ** 2))) for rows in (early, late))
    yield Note(
        "early_checkpoints",
        "warning" if p < UNLIKELY else "note",
        f"{early.sum()} of {len(early)} runs have less than a tenth of the longest training at "
        f"their size. The fit misses them by {rms:.2%} ({np.mean(r[early]):+.2%} on average), the "
        f"later ones by {others:.2%} (one distribution: p = {p:.1g}).",
        "If they are checkpoints, drop them: early training does not follow the law.",
        f"{CHOSHEN}, Sec. 6.1",
    )


def one_group(study: Study, C: float | None) -> Iterator[Note]:
    """A budget, a size or a family that holds more than half of the runs."""
    for what, labels in _groupings(study):
        names, member = np.unique(labels, return_inverse=True)
        share = np.bincount(member, weights=study.weights) / len(member)
        pull = np.bincount(member, weights=study.leverage) / study.leverage.sum()
        top = int(np.argmax(np.maximum(share, pull)))
        if max(share[top], pull[top]) > max(HALF, 2.0 / len(names)):
            yield Note(
                "one_group",
                "warning",
                f"{what} {names[top]} has {share[top]:.0%} of the runs' weight and {pull[top]:.0%} "
                f"of their leverage ({len(names)} in all).",
                "Weight the groups evenly (weights=), or fit without it and compare.",
                f"{LI}; {CHOSHEN}, App. D",
            )


def _groupings(
    study: Study,
) -> Iterator[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.str_]]]]:
    """Ways to group the runs: by budget or size, and by every column of words with few of them."""
    if study.is_isoflop:
        labels = np.full(len(study.used), "no budget", dtype=object)
        for s in study.slices:
            labels[s.rows] = f"{quantity(s.C)} FLOPs"
        yield "Budget", labels.astype(str)
    else:
        sizes = [quantity(n) for n in study.runs["N"].to_list()]
        yield "Size", np.array(sizes)
    for column in study.runs.get_columns():
        words = column.dtype in (pl.String, pl.Categorical, pl.Enum)
        if words and column.n_unique() <= len(column) / 4:
            names = column.cast(pl.String).fill_null("none")
            yield f"{column.name}:", names.to_numpy().astype(str)


def one_run(study: Study, C: float | None) -> Iterator[Note]:
    """Single runs through which the fit must pass."""
    pulled = np.flatnonzero(study.leverage > PULLED)
    if len(pulled) and len(study.used) >= FEW_RUNS * study.fit.problem.size:
        top = int(np.argmax(study.leverage))
        run = study.runs.row(top, named=True)
        yield Note(
            "one_run",
            "warning",
            f"{len(pulled)} run{'s' if len(pulled) > 1 else ''} of leverage over {PULLED}; run "
            f"{run['run']} (N {quantity(run['N'])}, D {quantity(run['D'])}) has "
            f"{study.leverage[top]:.2f}: the fit follows its loss, right or wrong.",
            "Add runs near it, or fit without it and compare.",
            "Huber 1981, Robust Statistics, Sec. 7.2",
        )


def flops(study: Study, C: float | None) -> Iterator[Note]:
    """Compute that is not 6ND, on which N_opt(C) rests."""
    if not study.has_optimum:
        return
    off = study.logs["C"] - study.logs["N"] - study.logs["D"] - np.log10(6.0)
    low, high = (float(10**x) for x in np.quantile(off, [0.05, 0.95]))
    if abs(np.median(off)) > np.log10(1.0 + FLOPS) or high / low > 1.0 + 2.0 * FLOPS:
        yield Note(
            "flops",
            "note",
            f"C is {low:.2f} to {high:.2f} times 6ND (90 % of the runs); N_opt(C) takes C = 6ND.",
            "Say how parameters (embeddings, last layer) and FLOPs are counted; where the factor "
            "changes with size, exponents change with it.",
            PORIAN,
        )


RULES = (
    few_runs,
    few_sizes,
    few_budgets,
    optimum_outside,
    grid,
    early_checkpoints,
    one_group,
    one_run,
    flops,
)
