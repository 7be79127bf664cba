"""What the LawLab shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...fitting.objective import KINDS
from ...lawbook import Law, Theory, ranges
from ...lawbook import expression as ex
from ...lawbook.ranges import Range
from ..handles import constant, slider
from ..law_cells import symbol
from ..vocabulary import (
    Action,
    Axis,
    Choice,
    Curve,
    Equation,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Refit,
    Slider,
    Span,
    Table,
    Text,
    Toggle,
    Trace,
)
from .cells import FITTED, along, at_run, formulas

OVERLAYS = {"second": "Second law", "third": "Third law"}
_NUMBER = ".4~g"


@dataclass(frozen=True)
class Menus:
    """What can be chosen: value to label, and value to the group under which it stands."""

    laws: Mapping[str, str]
    families: Mapping[str, str]
    overlays: Mapping[str, str] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)


def law_page(
    law: Law,
    others: Mapping[str, Law],
    spans: Mapping[str, Range],
    menus: Menus,
    runs: Sequence[str] = (),
) -> Page:
    """The page of a law, the laws laid over it (by role), and runs with these of its variables.

    ``spans`` says over which range each variable and each constant is dragged.
    """
    starts = {name: spans[name].start for name in law.values}
    return Page(
        title="Law lab",
        teaches=law.teaches or None,
        source=law.source or None,
        notes=[f"Fitted: {law.fitted}"] * bool(law.fitted) + list(law.errata),
        equations=[
            _equation(law, "law", law.definitions),
            *(_equation(other, role, {}) for role, other in others.items()),
        ],
        groups=[
            _law_group(law, menus, fitted=bool(runs)),
            _axes_group(law, others, spans),
            _constants_group(law, spans),
            _runs_group(menus, runs),
        ],
        items={symbol(name): f"items_{name}" for name in law.items} or None,
        formulas=formulas(law, others, starts, runs),
        refit=_refit(law, runs) if runs else None,
        plots=[*(_plot(law, others, name, spans, runs) for name in along(law)), *_residuals(runs)],
        tables=[_point_table(law, others)],
        asks=ASKS + (("wheel", "held") if runs else ()),
    )


ASKS = ("law_name", "equation", "second", "third", "dataset", "excluded", "objective", "delta")


# --- controls ---------------------------------------------------------------------------------


def _law_group(law: Law, menus: Menus, fitted: bool) -> Group:
    sets = {n: f"{n}, {one.where}" if one.where else n for n, one in law.sets.items()}
    sets = sets or {law.set_name: {"user": "as typed"}.get(law.set_name, law.set_name)}
    if fitted:
        sets[FITTED] = "fitted to the runs"
    overlays = [
        Choice(role, label, {"": "none", **menus.overlays}, menus.families)
        for role, label in OVERLAYS.items()
        if menus.overlays
    ]
    return Group(
        "Law",
        [
            Choice("law_name", "Law", menus.laws, menus.families),
            Choice("constants", "Constants", sets),
            Text("equation", "Equation", "mistake", help="type: the picture follows"),
            *overlays,
        ],
    )


def _axes_group(law: Law, others: Mapping[str, Law], spans: Mapping[str, Range]) -> Group:
    names = list(dict.fromkeys(n for one in (law, *others.values()) for n in along(one)))
    return Group(
        "Variables",
        [
            Choice("x", "Along", {name: name for name in along(law)}),
            Toggle("log_x", "logarithmic x axis"),
            Toggle("log_y", "logarithmic y axis"),
            *(_variable(law, others, name, spans[name]) for name in names),
        ],
    )


def _variable(law: Law, others: Mapping[str, Law], name: str, span: Range) -> Slider:
    owner = next(one for one in (law, *others.values()) if name in one.variables)
    ends = zip(law.valid.get(name, ()), ("from", "to"), strict=False)
    handle = {"held": f"held.{name}", "follows": f"default_{name}"}
    return slider(
        f"at.{name}",
        span,
        format="quantity" if span.high > 1e4 else _NUMBER,
        marks=[{"value": end, "label": f"runs {which} here"} for end, which in ends] or None,
        handle=handle if name in owner.defaults else None,
        help=owner.symbols.get(name),
    )


def _constants_group(law: Law, spans: Mapping[str, Range]) -> Group:
    return Group(
        "Constants",
        [
            *(constant(law, name, spans[name], f"set_{name}") for name in law.values),
            Action(
                "Let all go",
                {f"held.{name}": False for name in law.values},
                visible="some_held",
                help="back to the chosen set",
            ),
        ],
    )


def _runs_group(menus: Menus, runs: Sequence[str]) -> Group:
    if len(menus.datasets) < 2:
        return Group("Runs", [])
    chosen: list[Choice | Action] = [Choice("dataset", "Runs", menus.datasets)]
    if runs:
        chosen += [
            Choice("objective", "Objective", KINDS),
            Action("Take all runs back", {"excluded": []}, visible="excluded"),
        ]
    return Group("Runs", chosen)


# --- pictures and numbers ---------------------------------------------------------------------


def _equation(law: Law, role: str, definitions: Mapping[str, str]) -> Equation:
    texts = {law.output: law.equation, **definitions}
    return Equation(
        law.id,
        {name: ex.parse(text) for name, text in texts.items()},
        law.symbols,
        list(law.items),
        role,
    )


def _plot(
    law: Law, others: Mapping[str, Law], x: str, spans: Mapping[str, Range], runs: Sequence[str]
) -> Plot:
    marks: list[Span | Curve | Points | Marker] = []
    if x in law.valid:
        marks.append(Span(*law.valid[x], "range of the runs"))
    if x in runs:
        marks.append(_points(runs, f"run_{x}", "run_loss", f"near_{x}"))
    for role, other in others.items():
        if x in other.variables:
            valid = other.valid.get(x)
            marks.append(Curve(symbol(x), f"y_{role}", other.id, role, valid=valid))
    marks.append(Curve(symbol(x), "y_law", law.id, "law", valid=law.valid.get(x)))
    marks.append(Marker(symbol(x), "y_law", "you", "hand", drag=f"at.{x}"))
    return Plot(
        f"by_{x}",
        f"{law.output} against {x}",
        Axis(x, log="log_x", format="quantity" if spans[x].high > 1e4 else ".3~g"),
        Axis(f"{law.output} ({law.unit})" if law.unit else law.output, log="log_y", format=".3~g"),
        marks,
        wide=True,
        visible=f"on_{x}",
    )


def _points(runs: Sequence[str], x: str, y: str, weight: str | None = None) -> Points:
    rows = {f"run_{name}": f"runs_{name}" for name in (*runs, "loss")}
    return Points(rows, x, y, "runs", excluded="excluded", weight=weight, names="runs_name")


def _residuals(runs: Sequence[str]) -> list[Plot]:
    if not runs:
        return []
    return [
        Plot(
            "residuals",
            "Residuals: log of measured over law",
            Axis("loss by the law", "linear", format=".2f"),
            Axis("log residual", "linear", format="+.2f"),
            [_points(runs, "law_at_run", "residual")],
        )
    ]


def _point_table(law: Law, others: Mapping[str, Law]) -> Table:
    rows = [Readout(law.id, "y_law", ".5~g", law.unit or None)]
    rows += [Readout(other.id, f"y_{role}", ".5~g") for role, other in others.items()]
    for name in along(law):
        rows.append(
            Readout(
                f"Local exponent of {name}",
                f"slope_{name}",
                "+.3f",
                visible=f"on_{name}",
                help=f"percent of {law.output} for a percent of {name}",
            )
        )
        if name in law.valid and law.valid[name][0] > 0:
            beyond = f"beyond_{name}"
            rows.append(
                Readout(f"{name} beyond the runs", beyond, ".2f", "decades", visible=beyond)
            )
    return Table("Where you are", rows)


def _refit(law: Law, runs: Sequence[str]) -> Refit:
    at = at_run(law, runs)
    return Refit(
        constants=[
            {
                "cell": f"fit_{name}",
                "name": symbol(name),
                "positive": not value <= 0,
                "held": f"held_{name}",
            }
            for name, value in law.values.items()
        ],
        loss=at,
        gradient=[ex.derivative(at, symbol(name)) for name in law.values],
        rows={f"run_{name}": f"runs_{name}" for name in (*runs, "loss")},
    )


# --- theories ---------------------------------------------------------------------------------


def theory_page(theory: Theory, menus: Menus) -> Page:
    """The page of a theory: the kernel solves for every curve, the sliders ask for it."""
    spans = {name: ranges.of_variable(theory, name) for name in theory.variables}
    plots = [
        Plot(
            f"by_{x}",
            f"{theory.output} against {x}",
            Axis(x, log="log_x", format=".3~g"),
            Axis(theory.output, log="log_y", format=".3~g"),
            [
                *([Span(*theory.valid[x], "valid")] if x in theory.valid else []),
                Trace("trace_x", "trace_y", theory.id, "law"),
                Marker(f"at.{x}", "y_law", "you", "hand", drag=f"at.{x}"),
            ],
            wide=True,
            visible=f"on_{x}",
        )
        for x in theory.variables
    ]
    sliders = [
        slider(f"at.{name}", span, format=_NUMBER, help=theory.symbols.get(name))
        for name, span in spans.items()
    ]
    return Page(
        title="Law lab",
        teaches=theory.teaches or None,
        source=theory.source,
        notes=[f"Computed: {theory.method}", *theory.errata],
        groups=[
            Group("Law", [Choice("law_name", "Theory", menus.laws, menus.families)]),
            Group(
                "Variables",
                [
                    Choice("x", "Along", {name: name for name in theory.variables}),
                    Toggle("log_x", "logarithmic x axis"),
                    Toggle("log_y", "logarithmic y axis"),
                    *sliders,
                ],
            ),
        ],
        formulas={
            f"on_{name}": f"where(x > {i} - 0.5, where(x < {i} + 0.5, 1, 0), 0)"
            for i, name in enumerate(theory.variables)
        },
        plots=plots,
        tables=[Table("Where you are", [Readout(theory.id, "y_law", ".5~g")])],
        asks=("law_name", "at", "x", "log_x"),
    )
