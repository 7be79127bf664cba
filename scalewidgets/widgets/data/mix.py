"""Mixing: what is on the screen for the question how much of each domain to train on."""

from __future__ import annotations

from collections.abc import Sequence

from ...lawbook import Law
from ...lawbook import expression as ex
from ..law_cells import pick
from ..vocabulary import (
    Action,
    Axis,
    Bars,
    Choice,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Table,
    Trace,
)
from . import triangle
from .mixtures import ALIKE, CORNERS, LABELS, PUBLISHED, REGMIX, SHUKOR, YE, Mixed, Mixing, mixing

MIXTURES = {"none": "none", "regmix": "512 mixtures of Liu et al. 2024"}
ASKS = ("mixing", "corners", "mixtures", "weights", "N", "D", "constants")
_COLORS = ("law", "chinchilla", "inference", "precision", "muted")
_ROWS = {"bar_row": "bar_rows"}
_NOTES = {
    YE: (
        "Ye et al.: 70M parameters, 30,000 steps, five groups of Pile domains; the loss is "
        "weighted by the validation set's shares, and no mixture is best for every set."
    ),
    REGMIX: (
        "RegMix: loss on Pile-CC of models of 1M parameters, by the linear regression. The paper "
        "prints no weights: these are least squares on its 512 published runs. Ranks carry over to "
        "1B parameters, losses do not. A linear law is best at a corner, far from all runs, so "
        "that Liu et al. take the mean of the best predicted among many simulated mixtures."
    ),
    SHUKOR: (
        "Shukor et al.: no values of the constants are published, so all here are yours, and the "
        "joint form is recalled, not read. Held are E 1.3, alpha 0.34, beta 0.28, gamma 0.4 of "
        "each domain and 1 of both coefficients."
    ),
}


def mix_page(shown: Mixed) -> Page:
    plots = [triangle.plot(shown), _shares_plot()]
    if shown.name == YE:
        plots.append(_change_plot())
    if shown.law.sized:
        plots.append(_drift_plot(shown))
    if shown.runs:
        plots.append(_measured_plot())
    which = _which_plot(shown, wide=len(plots) % 2 == 0)
    return Page(
        title="Data lab",
        teaches="Drag the mixture: which domains lower the loss, and is there a best of them?",
        source=shown.law.law.source,
        groups=_groups(shown),
        formulas=formulas(shown),
        plots=[*plots, which],
        tables=_tables(shown),
        asks=ASKS,
        notes=[
            _NOTES[shown.name],
            "In the triangle the three domains share what the others leave them; lines of equal "
            "loss, and the best in the triangle, are for the others as they are.",
        ],
    )


# --- cells ------------------------------------------------------------------------------------


def formulas(shown: Mixed) -> dict[str, ex.Tree | str]:
    law = shown.law
    names = law.domains
    found: dict[str, ex.Tree | str] = {
        "zero": 0.0,
        **_shares("r", "shares", names),
        **(_shares("w", "weights", names) if law.weights else {}),
        "mix_loss": law.tree,
        "ideal_mix_loss": law.at({name: f"ideal_{name}" for name in names}),
        "mix_extra": "mix_loss/ideal_mix_loss - 1",
        "row_share": pick("bar_row", [f"r_{name}" for name in names]),
        "row_ideal": pick("bar_row", [f"ideal_{name}" for name in names]),
        **triangle.formulas(shown),
        **(_by_domain(law) if shown.name == YE else {}),
    }
    for name in names:
        # the others keep their proportions, or are alike where there is none of them
        among = f"where(r_{name} < 1, r_{{}}/(1 - r_{name}), {1 / (len(names) - 1)!r})"
        moved: dict[str, ex.Tree] = {
            n: ex.parse(f"max(0, 1 - axis_share)*{among.format(n)}") for n in names
        }
        found[f"if_{name}"] = law.at({**moved, name: "axis_share"})
    if shown.runs:
        found["same"] = "axis_loss"
    return found


def _shares(prefix: str, amounts: str, names: Sequence[str]) -> dict[str, str]:
    """Shares that sum to 1 whatever amounts a hand has set; see :func:`.mixtures.shares`."""
    total = f"{amounts}_sum"
    found = {total: " + ".join(f"{amounts}_{name}" for name in names)}
    for name in names:
        share = f"{amounts}_{name}/{total}"
        found[f"{prefix}_{name}"] = f"where({total} > 0, {share}, {1 / len(names)!r})"
    return found


def domain_loss(law: Law, name: str) -> ex.Tree:
    """Ye et al.'s loss on a domain over the shares ``r_...`` of all domains."""
    tree = Law(f"L_{name}", definitions=law.definitions).tree
    return ex.substitute(tree, dict(law.values))


def _by_domain(law: Mixing) -> dict[str, ex.Tree | str]:
    ideal: dict[str, ex.Tree] = {f"r_{name}": f"ideal_{name}" for name in law.domains}
    found: dict[str, ex.Tree | str] = {
        "row_change": pick("bar_row", [f"change_{name}" for name in law.domains])
    }
    for name in law.domains:
        tree = domain_loss(law.law, name)
        found |= {
            f"loss_{name}": tree,
            f"ideal_loss_{name}": ex.substitute(tree, ideal),
            f"change_{name}": f"ideal_loss_{name} - loss_{name}",
        }
    return found


# --- controls ---------------------------------------------------------------------------------


def _groups(shown: Mixed) -> list[Group]:
    law, names = shown.law, shown.law.domains
    law_choice = Choice("mixing", "Law", LABELS)
    measured = [Choice("mixtures", "Hold it to runs", MIXTURES)] if shown.name == REGMIX else []
    domains = {name: name for name in names}
    corners = [Choice(f"corners.{c}", f"Corner {c}", domains) for c in CORNERS if shown.others]
    equal = {f"shares.{name}": 1.0 / len(names) for name in names}
    actions = [Action("Equal shares", equal)]
    if law.weights:
        as_published = {f"shares.{n}": share for n, share in law.weights.items()}
        actions.append(Action("As in the paper's validation set", as_published))
    if shown.name == REGMIX:
        trained = {f"shares.{n}": PUBLISHED.get(n, 0.0) for n in names}
        actions.append(Action("As trained at 1B by Liu et al.", trained))
    groups = [
        Group("Law and triangle", [law_choice, *measured, *corners]),
        Group("Training mixture", [*_amounts("shares", names), *actions]),
    ]
    if law.weights:
        groups.append(Group("What counts in validation", _amounts("weights", names)))
    if law.sized:
        groups += [_size_group(), _constants_group()]
    return groups


def _amounts(trait: str, names: Sequence[str]) -> list[Slider]:
    return [
        Slider(
            f"{trait}.{name}",
            name,
            (0.0, 1.0),
            scale="linear",
            step=0.005,
            format=".3~f",
            help="an amount: the shares sum to 1 whatever you set",
        )
        for name in names
    ]


def _size_group() -> Group:
    return Group(
        "Size and data",
        [
            Slider("N", "Parameters N", (1e7, 1e13), "params"),
            Slider("D", "Training tokens D", (1e8, 1e15), "tokens"),
        ],
    )


def _constants_group() -> Group:
    what = {"C": "weight", "CA": "cost in parameters", "CB": "cost in tokens"}
    sliders = []
    for name, value in mixing(SHUKOR).free.items():
        kind, domain = name.split("_")
        label = f"{name}, {what[kind]} of the {('first', 'second', 'third')[int(domain) - 1]}"
        sliders.append(Slider(f"constants.{name}", label, (value / 5, value * 5), format=".4~g"))
    start = {f"constants.{name}": value for name, value in mixing(SHUKOR).free.items()}
    alike = {f"constants.{name}": value for name, value in ALIKE.items()}
    return Group(
        "Constants (made up: none are published)",
        [
            *sliders,
            Action(
                "Additive law",
                alike,
                help="equal coefficients: the best mixture no longer moves with N and D",
            ),
            Action("As at first", start),
        ],
    )


# --- pictures ---------------------------------------------------------------------------------


def _shares_plot() -> Plot:
    return Plot(
        "shares",
        "Your mixture and the predicted best of all",
        Axis("share of training", "linear", format=".0%", holds=["zero"]),
        Axis("", "linear", names="domain_names", format=".0f"),
        [
            Bars(_ROWS, "zero", "row_share", "bar_row", "yours", "law", "zero"),
            Points(_ROWS, "row_ideal", "bar_row", "predicted best", "inference", radius=5.0),
        ],
    )


def _change_plot() -> Plot:
    return Plot(
        "change",
        "What the best mixture would change",
        Axis("loss on the domain, best less yours", "linear", format="+.2f"),
        Axis("", "linear", names="domain_names", format=".0f"),
        [
            Rule("x", "zero", ""),
            Bars(_ROWS, "zero", "row_change", "bar_row", "better to the left", "inference", "zero"),
        ],
    )


def _which_plot(shown: Mixed, wide: bool) -> Plot:
    few = len(shown.law.domains) <= len(_COLORS)
    drawn = shown.law.domains if few else shown.corners
    colors = dict(zip(drawn, _COLORS, strict=False))
    return Plot(
        "which",
        "Which domain should have more? The others shrink alike",
        Axis("share of the domain", "linear", domain=(0.0, 1.0), format=".0%"),
        Axis("loss (nats/token)", "linear", format=".2f"),
        [
            *(Curve("axis_share", f"if_{n}", n, color) for n, color in colors.items()),
            Rule("y", "ideal_mix_loss", "predicted best", "inference"),
            *(Marker(f"r_{n}", "mix_loss", "", color) for n, color in colors.items()),
        ],
        wide=wide,
    )


def _drift_plot(shown: Mixed) -> Plot:
    colors = dict(zip(shown.law.domains, _COLORS, strict=False))
    return Plot(
        "drift",
        "The best mixture at other sizes, with your tokens per parameter",
        Axis("parameters N"),
        Axis("share in the best mixture", "linear", domain=(0.0, 1.0), format=".0%"),
        [
            *(Trace("drift_N", f"drift_{n}", n, color) for n, color in colors.items()),
            Rule("x", "N", "yours", "hand"),
        ],
    )


def _measured_plot() -> Plot:
    rows = {"run_predicted": "runs_predicted", "run_loss": "runs_loss"}
    return Plot(
        "measured",
        "Measured loss on Pile-CC against the linear law",
        Axis("predicted (nats/token)", "linear", format=".2f"),
        Axis("measured (nats/token)", "linear", format=".2f"),
        [
            Curve("axis_loss", "same", "as predicted", "muted", dash="4 3"),
            Points(rows, "run_predicted", "run_loss", "runs of 1M", names="runs_name"),
        ],
    )


# --- numbers ----------------------------------------------------------------------------------


def _tables(shown: Mixed) -> list[Table]:
    law = shown.law

    def table(label: str, prefix: str, loss: str) -> Table:
        shares = [Readout(name, f"{prefix}_{name}", ".1%") for name in law.domains]
        return Table(label, [*shares, Readout("Loss", loss, ".4f")])

    yours = table("Your mixture", "r", "mix_loss")
    tables = [
        Table(yours.label, [*yours.rows, Readout("above the best", "mix_extra", ".2%")]),
        table("Predicted best", "ideal", "ideal_mix_loss"),
    ]
    if shown.others:
        tables.append(triangle.table(shown))
    if law.weights:
        weights = [Readout(name, f"w_{name}", ".1%") for name in law.domains]
        tables.append(Table("Weights in validation", weights))
    if shown.runs:
        rows = [
            Readout("Rank correlation with the law", "rank_correlation", ".3f"),
            Readout("Lowest measured loss", "least_measured", ".4f"),
            Readout("Mean mixture of the 16 best predicted: loss", "trusted_loss", ".4f"),
            Readout("of it Pile-CC", "trusted_pile_cc", ".1%"),
        ]
        tables.append(Table("The 512 mixtures", rows))
    return tables
