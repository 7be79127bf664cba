"""The ScheduleLab's fits: both laws fitted to some of the curves at hand, and how far they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ...fitting import ScheduleFit, fit_schedule_law
from ...fitting.schedule_curves import errors_on, logged, means
from ...lawbook import Law, Schedule
from .cells import LAWS, fitted
from .runs import RUNS, published_curves, schedule_of


class Curves:
    """The curves that can be fitted: the user's, or those of a model of Luo et al.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``step``, ``lr`` and ``loss`` by the name of the run.
    schedules : mapping of str to Schedule
        By the same names.
    """

    def __init__(
        self, tables: Mapping[str, pl.DataFrame], schedules: Mapping[str, Schedule]
    ) -> None:
        self.tables, self.schedules = tables, schedules

    @classmethod
    def published(cls, model: str) -> Curves:
        """Those of a model of Luo et al.

        Raises
        ------
        DatasetError
            When they cannot be had.
        """
        return cls(published_curves(model), {run: schedule_of(run) for run in RUNS})

    @classmethod
    def own(cls, tables: Mapping[str, pl.DataFrame], warmup: int) -> Curves:
        """Those of the user's, with the schedules that they log."""
        return cls(tables, {name: logged(table, warmup) for name, table in tables.items()})

    def fits(self, on: Iterable[str]) -> dict[str, ScheduleFit]:
        """Both laws, by their role, fitted to the runs named.

        Raises
        ------
        FitError
            When they do not make a fit.
        """
        whole = pl.concat(
            table.with_columns(run=pl.lit(name)) for name, table in self.tables.items()
        )
        return {
            role: fit_schedule_law(whole, law, fit_on=on, schedules=self.schedules)
            for role, law in LAWS.items()
        }

    def errors(self, law: Law, on: Sequence[str]) -> pl.DataFrame:
        """How far a law is from each of the curves."""
        return errors_on(law, self.tables, self.schedules, on)

    def facts(
        self, published: Mapping[str, Law], fits: Mapping[str, ScheduleFit]
    ) -> dict[str, Any]:
        """Constants and errors of the fits, beside the errors of the published constants."""
        found: dict[str, Any] = {}
        for role, fit in fits.items():
            on = fit.errors.filter("fitted")["run"].to_list()
            found |= {fitted(role, name): value for name, value in fit.params.items()}
            found |= _told(role, "old", self.errors(published[role], on))
            found |= _told(role, "new", fit.errors)
        first = next(iter(fits.values())).errors
        names = [
            f"{run.replace('_', ' ')}{', fitted' if on else ''}"
            for run, on in first.select("run", "fitted").iter_rows()
        ]
        return found | {"off_rows": np.arange(len(names), dtype=float), "off_names": names}


def no_facts(published: Mapping[str, Law]) -> dict[str, Any]:
    """The same cells while there is no fit: the constants stay the published ones."""
    found: dict[str, Any] = {"off_rows": np.empty(0), "off_names": []}
    for role, law in published.items():
        found |= {fitted(role, name): value for name, value in law.values.items()}
        for what in ("old", "new"):
            found[f"off_{role}_{what}s"] = np.empty(0)
            cells = ("fit_MAE", "held_MAE", "held_R2")
            found |= {f"{role}_{cell}_{what}": np.nan for cell in cells}
    return found


def _told(role: str, what: str, errors: pl.DataFrame) -> dict[str, Any]:
    on, out = (means(errors.filter(pl.col("fitted") == flag)) for flag in (True, False))
    return {
        f"off_{role}_{what}s": errors["MAE"].to_numpy(),
        f"{role}_fit_MAE_{what}": on["MAE"],
        f"{role}_held_MAE_{what}": out["MAE"],
        f"{role}_held_R2_{what}": out["R2"],
    }
