"""Random problems against an exhaustive search; `benchmarks.reliability.fits` does 1,000."""

from collections import Counter

import pytest

import scalewidgets as sw

from . import search
from .problems import DEGENERATE, problem

ALLOWED = 1e-6  # of the best objective known


@pytest.mark.parametrize("first", range(0, 24, 8))
def test_no_fit_that_is_ok_lies_above_the_best(first: int) -> None:
    for seed in range(first, first + 8):
        posed = problem(seed)
        fit = sw.fit(posed.law, posed.runs, **posed.options)
        if fit.status == "ok":
            assert not posed.silent, seed
            least, constants = search.best(posed, [fit.params])
            assert search.gap(posed, fit.value, least) <= ALLOWED, (seed, fit.params, constants)


def test_the_search_finds_what_a_bad_fit_misses() -> None:
    """Else the test above would hold whatever fits do."""
    posed = next(p for p in map(problem, range(16, 100)) if p.design == "isoflop")
    assert "weights" in posed.options
    fit = sw.fit(posed.law, posed.runs, **posed.options)
    least, _ = search.best(posed, [])  # from nowhere
    assert search.gap(posed, least, fit.value) <= ALLOWED
    assert search.gap(posed, fit.value, least) <= ALLOWED
    worse = {name: 1.001 * value for name, value in fit.params.items()}
    land = search.Landscape(posed)
    assert search.gap(posed, land.value(land.at(worse)), least) > ALLOWED


def test_what_runs_do_not_determine_is_never_ok() -> None:
    """Some hundred problems whose design leaves constants open, whatever scatters and how."""
    silent = [posed for posed in map(problem, range(1000, 1300)) if posed.silent]
    assert {posed.design for posed in silent} == set(DEGENERATE)
    statuses = Counter(sw.fit(p.law, p.runs, **p.options).status for p in silent)
    assert "ok" not in statuses
    assert statuses["unidentifiable"] > 0.5 * len(silent)
