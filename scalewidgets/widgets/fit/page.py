"""What the FitLab shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...fitting.objective import KINDS
from ...lawbook import Law, ranges
from ..given import draws_of, draws_of_law
from ..handles import constant
from ..law_cells import symbol
from ..vocabulary import (
    Action,
    Axis,
    Band,
    Choice,
    Contours,
    Copy,
    Curve,
    Group,
    Listing,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Table,
    Text,
    Toggle,
    Trace,
)
from .cells import (
    AGAINST,
    CURVES,
    MEASURED_ROWS,
    SIMULATED_ROWS,
    formulas,
    parabolas,
    refit,
    solves,
)
from .study import TRUTHS

ASKS = (
    *(
        "dataset",
        "truth",
        "budget_count",
        "points",
        "seed",
        "width",
        "off_centre",
        "drift",
        "noise",
    ),
    *("keep", "excluded", "nudged", "law_name", "objective", "delta", "curve", "wheel", "held"),
)


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    law: Law
    free: Sequence[str]
    truth: Law | None
    """The law of a simulated study."""
    valley: Sequence[str]
    """Two constants whose valley is drawn, or none."""
    envelope: bool
    """Whether there are training curves for approach 1."""
    datasets: Mapping[str, str]
    laws: Mapping[str, str]

    @property
    def rows(self) -> Mapping[str, str]:
        return MEASURED_ROWS if self.truth is None else SIMULATED_ROWS


def fit_page(shown: Shown) -> Page:
    law, free, truth = shown.law, shown.free, shown.truth
    return Page(
        title="Fit lab",
        teaches="One set of runs, every way in use of fitting it: how far apart do they end?",
        source=law.source or None,
        groups=[
            *_runs_groups(shown),
            _method_group(law, shown.laws),
            _constants_group(law, free),
            _take_away_group(),
        ],
        formulas=formulas(law, free, truth),
        solves=solves(law, truth),
        refit=refit(law, free, shown.rows),
        parabolas=parabolas(shown.rows),
        nudge={"array": "runs_factor", "cell": "nudged"},
        draws=[*draws_of_law(law, free), draws_of("a2_k"), draws_of("a2_a")],
        plots=[
            _isoflop_plot(shown.rows),
            _frontier_plot(shown),
            *_valley_plot(shown),
            _strip_plot(truth is not None),
            _surface_plot(shown.rows),
            *(_residual_plot(x, label, shown.rows) for x, label in AGAINST.items()),
        ],
        tables=_tables(shown),
        listing=_listing(shown.rows),
        asks=ASKS,
    )


# --- controls ---------------------------------------------------------------------------------


def _runs_groups(shown: Shown) -> list[Group]:
    chosen = Group("Runs", [Choice("dataset", "Runs", shown.datasets), *_selection()])
    return [chosen] if shown.truth is None else [chosen, _simulation()]


def _simulation() -> Group:
    return Group(
        "Simulated study",
        [
            Choice("truth", "Truth", {name: told for name, (told, *_) in TRUTHS.items()}),
            _decades("width", "Grid width", (0.1, 2.0), "from the middle of a grid to its ends"),
            _decades("off_centre", "Off centre", (-1.0, 1.0), "every grid above the optimum"),
            _decades("drift", "Drift", (-0.5, 0.5), "more of it a decade of compute", "a decade"),
            Slider(
                "noise", "Noise", (0.0, 0.05), "of the loss", "linear", 0.0005, ".2%",
                help="standard deviation of the log of a run's loss",
            ),
            _whole("budget_count", "Budgets", (3, 12), "between 1e18 and 1e21 FLOP"),
            _whole("points", "Sizes a budget", (5, 25)),
            _whole("seed", "Seed", (0, 20), "of the noise"),
            Toggle("show_truth", "Show the truth"),
        ],
    )  # fmt: skip


def _decades(
    cell: str, label: str, domain: tuple[float, float], help: str, unit: str = "decades"
) -> Slider:
    return Slider(cell, label, domain, unit, "linear", 0.01, "+.2f", help=f"decades of N: {help}")


def _whole(cell: str, label: str, domain: tuple[float, float], help: str | None = None) -> Slider:
    return Slider(cell, label, domain, scale="linear", step=1.0, format=".3~g", help=help)


def _selection() -> list[Text | Toggle | Action]:
    return [
        Text(
            "keep",
            "Keep only",
            "keep_mistake",
            help="a condition over the columns, such as C > 1e20 AND N < 1e10",
        ),
        Toggle("lasso", "Brush by lasso", help="draw around runs instead of a box"),
        Action(
            "Take all runs back",
            {"excluded": [], "nudged": [], "keep": ""},
            visible="some_changed",
            help="those left out, and those moved up or down",
        ),
    ]


def _method_group(law: Law, laws: Mapping[str, str]) -> Group:
    return Group(
        "Method",
        [
            Slider("C", "Compared at compute C", (1e18, 1e27), "FLOP"),
            Choice("curve", "Approach 2: curve", CURVES),
            Choice("law_name", "Approach 3: law", laws),
            Choice("objective", "Objective", KINDS),
            Slider("delta", "Huber's delta", (1e-8, 1.0), format=".2~g", visible="is_huber"),
            Choice("against", "Residuals against", AGAINST),
        ],
    )


def _constants_group(law: Law, free: Sequence[str]) -> Group:
    held = {f"held.{name}": False for name in free}
    spans = {name: ranges.of_constant(law.values[name]) for name in free}
    return Group(
        "Constants",
        [
            *(constant(law, name, spans[name], follows=f"fit_{name}") for name in free),
            Action("Let all go", held, visible="some_held", help="back to the optimum"),
        ],
    )


def _take_away_group() -> Group:
    help = "the cell that repeats what is on the screen"
    return Group("Take away", [Copy("Copy as Python", "code", help=help)])


# --- pictures ---------------------------------------------------------------------------------


def _runs_mark(rows: Mapping[str, str], x: str, y: str, label: str, nudge: bool = False) -> Points:
    return Points(
        rows,
        x,
        y,
        label,
        excluded="excluded",
        lasso="lasso",
        nudged="nudged" if nudge else None,
        weight="near",
        names="runs_name",
    )


def _isoflop_plot(rows: Mapping[str, str]) -> Plot:
    lowest = {"one_N": "lowest_N", "one_loss": "lowest_loss"}
    return Plot(
        "isoflop",
        "Loss against model size: curves of approach 2, law of approach 3",
        Axis("parameters N"),
        Axis("loss (nats/token)", "linear", format=".2f"),
        [
            _runs_mark(rows, "run_N", "run_loss", "runs (stronger: nearer to C)", nudge=True),
            Trace("curve_N", "curve_loss", "a curve a budget", "second"),
            Points(lowest, "one_N", "one_loss", "its lowest point", color="second", radius=4.5),
            Band("axis_N", "loss_at_C", "", "law", visible="banded"),
            Curve("axis_N", "loss_at_C", "law at C", "law"),
            Marker("a2_N", "a2_loss", "approach 2", "second", "square", visible="has_curves"),
            Marker("a3_N", "a3_loss", "approach 3", "law", "diamond"),
        ],
        wide=True,
    )


def _frontier_plot(shown: Shown) -> Plot:
    lowest = {"one_C": "lowest_C", "one_N": "lowest_N"}
    marks: list[Band | Curve | Points | Rule | Marker] = [
        Rule("x", "C", "C"),
        Marker("C", "a2_N", "", "second", "square", visible="has_curves"),
        Marker("C", "a3_N", "", "law", "diamond"),
        Band("C", "a2_N", "", "second", points=13, visible="has_curves"),
        Band("C", "a3_N", "95 % of bootstrap", "law", points=13, visible="banded"),
        Points(lowest, "one_C", "one_N", "lowest points", color="second", radius=4.5),
        Curve("C", "a2_N", "approach 2", "second", visible="has_curves"),
        Curve("C", "a3_N", "approach 3", "law"),
    ]
    if shown.envelope:
        marks.append(Curve("C", "a1_N", "approach 1", "third"))
    if shown.truth is not None:
        marks.append(Curve("C", "truth_N", "truth", "hand", dash="6 4", visible="show_truth"))
    return Plot(
        "frontier",
        "Optimal N against compute",
        Axis("training compute C (FLOP)", domain=(1e17, 1e27)),
        Axis("optimal N"),
        marks,
    )


def _strip_plot(simulated: bool) -> Plot:
    rows = {"universe_k": "strip_k", "universe_a": "strip_a", "universe_row": "strip_row"}
    marks: list[Rule | Points] = [
        Points(rows, "universe_N", "universe_row", "a choice", color="second", radius=5)
    ]
    if simulated:
        marks.append(Rule("x", "truth_N", "truth", "hand", visible="show_truth"))
    return Plot(
        "multiverse",
        "Optimal N at C, one choice changed at a time",
        Axis("optimal N at C"),
        Axis("", "linear", names="strip_name", format=".0f"),
        marks,
        wide=True,
    )


def _valley_plot(shown: Shown) -> list[Plot]:
    if not shown.valley:
        return []
    x, y = shown.valley
    cloud = {"draw_x": f"draws_{x}", "draw_y": f"draws_{y}"}
    marks: list[Points | Contours | Marker] = [
        Points(cloud, "draw_x", "draw_y", "bootstrap", color="muted", radius=1.8),
        Contours(
            "valley_x", "valley_y", "valley_rise", "valley_outer", "95 % region", "law",
            grid=True, dash="5 4",
        ),
        Contours(
            "valley_x", "valley_y", "valley_rise", "valley_inner", "68 %", "law", grid=True,
        ),
        Marker(symbol(x), symbol(y), "fit", "law", "diamond"),
    ]  # fmt: skip
    if shown.truth is not None and {x, y} <= shown.truth.values.keys():
        truth = Marker(f"truth_{x}", f"truth_{y}", "truth", "hand", visible="show_truth")
        marks.append(truth)
    return [
        Plot(
            "valley",
            f"The valley: how far {x} and {y} can go together",
            Axis(x, "linear", format=".3~g"),
            Axis(y, "linear", format=".3~g"),
            marks,
        )
    ]


def _surface_plot(rows: Mapping[str, str]) -> Plot:
    return Plot(
        "surface",
        "The surface: runs over lines of equal loss",
        Axis("parameters N"),
        Axis("tokens D"),
        [
            Contours(
                "axis_N", "axis_D", "loss_at", "levels", "loss by the law", "law", format=".2f"
            ),
            _runs_mark(rows, "run_N", "run_D", "runs"),
            Marker("a2_N", "a2_D", "approach 2", "second", "square", visible="has_curves"),
            Marker("a3_N", "a3_D", "approach 3", "law", "diamond"),
        ],
    )


def _residual_plot(x: str, label: str, rows: Mapping[str, str]) -> Plot:
    log = x != "law_at_run"
    return Plot(
        f"residuals_{x}",
        f"Residuals against {label}: log of measured over law",
        Axis(label, "log" if log else "linear", format="quantity" if log else ".2f"),
        Axis("log residual", "linear", format="+.2f"),
        [Rule("y", "zero", ""), _runs_mark(rows, x, "residual", "runs")],
        visible=f"against_{x}",
    )


# --- numbers ----------------------------------------------------------------------------------


def _tables(shown: Shown) -> list[Table]:
    known = shown.truth is not None
    tables = [
        _approach("a2", "Approach 2, curves", known, "has_curves"),
        _approach("a3", "Approach 3, law", known),
    ]
    if shown.envelope:
        tables.insert(0, _approach("a1", "Approach 1, envelope", False))
    if known:
        tables.append(_approach("truth", "The truth", False, "show_truth"))
    return tables


def _approach(key: str, label: str, known: bool, visible: str | None = None) -> Table:
    interval = key in ("a2", "a3")
    rows = [
        Readout("Optimal N", f"{key}_N", interval=interval, visible=visible),
        Readout("Optimal D", f"{key}_D", interval=interval, visible=visible),
        Readout("Tokens per parameter", f"{key}_ratio", ".3~r", interval=interval, visible=visible),
        Readout("Exponent a_N", f"{key}_a", ".4f", interval=interval, visible=visible),
    ]
    if key in ("a3", "truth"):
        rows.append(Readout("Loss", f"{key}_loss", ".4f", interval=interval, visible=visible))
    if known:
        help = "N of this approach over the true optimum, minus 1"
        rows.append(Readout("Off the truth", f"{key}_off", "+.1%", visible="show_truth", help=help))
    return Table(label, rows)


def _listing(rows: Mapping[str, str]) -> Listing:
    columns = [
        {"label": "N", "cell": "run_N", "format": "quantity"},
        {"label": "D", "cell": "run_D", "format": "quantity"},
        {"label": "C", "cell": "run_C", "format": "quantity"},
        {"label": "loss", "cell": "run_loss", "format": ".4f"},
        {"label": "log residual", "cell": "residual", "format": "+.4f"},
    ]
    return Listing("The runs, one by one", rows, columns, names="runs_name")
