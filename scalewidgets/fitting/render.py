"""A fit as text and as HTML; no numbers are made here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .result import Fit


def line(fit: Fit) -> str:
    """One stable line: law, runs, objective, status, constants to four digits."""
    numbers = ", ".join(f"{k}={v:.4g}" for k, v in fit.params.items())
    return (
        f"{fit.law.id} on {fit.used} of {len(fit.runs)} runs, {fit.objective}: "
        f"{fit.status} [{numbers}]"
    )


def summary(fit: Fit) -> str:
    """Constants with standard errors and 95 % intervals, objective, certificate, advice."""
    intervals = fit.conf_int()
    rows = [f"{'':10}{'estimate':>12}{'std. error':>12}   95 % interval"]
    for name, value in fit.params.items():
        if name in fit.fixed:
            rows.append(f"{name:10}{value:12.5g}{'held':>12}")
        else:
            low, high = intervals[name]
            rows.append(f"{name:10}{value:12.5g}{fit.stderr[name]:12.3g}   [{low:.5g}, {high:.5g}]")
    c = fit.certificate
    return "\n".join(
        [
            f"{fit.law.output} = {fit.law.equation}",
            f"{fit.law.id}, {fit.used} of {len(fit.runs)} runs, {fit.objective}",
            "",
            *rows,
            "",
            f"objective    {fit.value:.10g} (sum over runs)",
            f"status       {fit.status}",
            f"certificate  relative decrease left {_share(c.remaining)}, second start within "
            f"{_share(c.second_start)} ({c.starts} starts), conditioning {c.conditioning:.0e}",
            *(f"note         {note}" for note in c.notes()),
        ]
    )


def _share(value: float) -> str:
    """A relative gap; what is below the arithmetic's own noise differs from machine to machine."""
    return f"{value:.0e}" if value > 1e-12 else "<1e-12"


def html(fit: Fit) -> str:
    """The same as a table for notebooks; every text is escaped."""
    intervals = fit.conf_int()
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{value:.5g}</td>"
        + (
            "<td>held</td><td></td>"
            if name in fit.fixed
            else f"<td>{fit.stderr[name]:.3g}</td>"
            f"<td>[{intervals[name][0]:.5g}, {intervals[name][1]:.5g}]</td>"
        )
        + "</tr>"
        for name, value in fit.params.items()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in fit.certificate.notes())
    return (
        f"<p><b>{escape(fit.law.id)}</b>: <code>{escape(fit.law.equation)}</code><br>"
        f"{fit.used} of {len(fit.runs)} runs, {escape(str(fit.objective))}, "
        f"minimum {fit.value:.8g}, status <b>{escape(fit.status)}</b></p>"
        "<table><thead><tr><th></th><th>estimate</th><th>std. error</th><th>95 % interval</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>" + (f"<ul>{notes}</ul>" if notes else "")
    )
