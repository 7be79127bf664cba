"""One axis behind many benchmarks, and the compute that it is worth. No values, only cells."""

from __future__ import annotations

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..law_cells import pick
from ..vocabulary import (
    Action,
    Axis,
    Bars,
    Choice,
    Curve,
    Group,
    Marker,
    Plot,
    Points,
    Rule,
    Slider,
    Table,
)
from .figures import LLAMA_2_70B

ON = "on_capability"
_RUAN, _SLOTH = "ruan2024_observational", "maiapolo2024_sloth"
UNIT = 1e21  # FLOPs, in which these laws count
FAMILIES = [*published(f"{_RUAN}.capability").sets]
BENCHMARKS = [name.removeprefix("s_") for name in published(f"{_RUAN}.pc1").vectors["scores"]]
SKILLS = {"reasoning": "theta_1", "knowledge": "theta_2", "instructions": "theta_3"}
SLOTH = [*published(_SLOTH).sets]
_VALID = tuple(UNIT * end for end in published(f"{_RUAN}.capability").valid["C"])
MODEL_ROWS = {"model_C": "models_C"} | {f"score_{name}": f"models_{name}" for name in BENCHMARKS}
_AXIS_ROWS, _SKILL_ROWS = {"bar_row": "axis_rows"}, {"bar_row": "skill_rows"}
_ROLES = ("family", "reference")


def family_label(name: str) -> str:
    """``Qwen1_5`` as people write it."""
    return name.replace("Qwen1_5", "Qwen1.5").replace("GPT_Neo_J", "GPT-Neo/J").replace("_", "-")


# --- formulas ---------------------------------------------------------------------------------


def formulas() -> dict[str, ex.Tree | str]:
    """All formulas: capability of a family and of scores, its worth in compute, skills."""
    law = published(f"{_RUAN}.capability")
    found: dict[str, ex.Tree | str] = {
        f"{role}_{name}": pick(role, [one.values[name] for one in law.sets.values()])
        for role in _ROLES
        for name in law.values
    }

    def climbs(role: str, compute: ex.Tree) -> ex.Tree:
        own = {name: f"{role}_{name}" for name in law.values}
        return ex.substitute(law.tree, {**own, "C": ("/", compute, UNIT)})

    def worth(capability: str) -> ex.Tree:
        equivalent = published(f"{_RUAN}.equivalent_compute")
        own = {name: f"reference_{name}" for name in equivalent.values}
        return ("*", UNIT, ex.substitute(equivalent.tree, {**own, "S": capability}))

    return {
        **found,
        "family_S": climbs("family", "C"),
        "reference_S": climbs("reference", "C"),
        "family_worth": worth("family_S"),
        "family_ratio": "family_worth/C",
        "scores_S": _first_axis("scores"),
        "scores_worth": worth("scores_S"),
        "scores_needed": "C*10**((scores_S - family_S)/family_theta_f)",
        "model_S": _first_axis("score"),
        "axis_weight": pick("bar_row", _loadings()),
        "skill_score": pick("bar_row", [_by_skills(name) for name in SLOTH]),
        "half": 0.5,
    }


def _first_axis(prefix: str) -> ex.Tree:
    law = published(f"{_RUAN}.pc1")
    own: dict[str, ex.Tree] = {f"s_{name}": f"{prefix}_{name}" for name in BENCHMARKS}
    return ex.substitute(law.tree, {**law.values, **own})


def _loadings() -> list[ex.Tree]:
    law = published(f"{_RUAN}.pc1")
    return [law.values[name] for name in BENCHMARKS]


def _by_skills(benchmark: str) -> ex.Tree:
    """The score of a benchmark that stands at one half while all skills are those of the mean."""
    law = published(_SLOTH, benchmark)
    skills: dict[str, ex.Tree] = {theta: f"skills_{name}" for name, theta in SKILLS.items()}
    return ex.substitute(law.tree, {**law.values, **skills, "c": 0.0, "b": 0.0})


# --- what is on the screen --------------------------------------------------------------------


def groups() -> list[Group]:
    families = {name: family_label(name) for name in FAMILIES}
    return [
        Group(
            "Family",
            [
                Choice("family", "Family of models", families, visible=ON),
                Slider("C", "Training compute C", (1e18, 1e26), "FLOP", visible="on_compute"),
                Choice("reference", "Worth in compute of", families, visible=ON),
            ],
        ),
        Group(
            "Scores of a model",
            [
                *(
                    Slider(
                        f"scores.{name}",
                        name.replace("ARC_C", "ARC-Challenge"),
                        (0.0, 1.0),
                        scale="linear",
                        step=0.005,
                        format=".3~f",
                        visible=ON,
                    )
                    for name in BENCHMARKS
                ),
                Action(
                    "Those of Llama-2 70B",
                    {f"scores.{name}": score for name, score in LLAMA_2_70B.items()},
                    visible=ON,
                ),
            ],
        ),
        Group(
            "Skills (Sloth)",
            [
                Slider(
                    f"skills.{name}",
                    name.capitalize(),
                    (-3.0, 3.0),
                    scale="linear",
                    step=0.05,
                    format="+.2f",
                    help="standard deviations over the models of the fit",
                    visible=ON,
                )
                for name in SKILLS
            ],
        ),
    ]


def plots(models: bool) -> list[Plot]:
    names = Axis("", "linear", names="axis_names", format=".0f")
    given = [Points(MODEL_ROWS, "model_C", "model_S", "models", "runs", names="models_name")]
    return [
        Plot(
            "capability",
            "Every family climbs the same axis, each at its own pace",
            Axis("training compute C, FLOP"),
            Axis("first principal capability", "linear", format=".1f"),
            [
                Curve("C", "reference_S", "reference", "chinchilla", valid=_valid()),
                Curve("C", "family_S", "family", "law", valid=_valid()),
                *(given if models else []),
                Rule("y", "scores_S", "your scores"),
                Marker("family_worth", "family_S", "as good", "chinchilla", "diamond"),
                Marker("scores_worth", "scores_S", "your scores", "inference", "square"),
                Marker("C", "family_S", "family at C", "hand", drag="C"),
            ],
            wide=True,
            visible=ON,
        ),
        Plot(
            "axis",
            "What a point on each benchmark weighs on the axis",
            Axis("loading on the first component", "linear", format=".1f", holds=["zero"]),
            names,
            [Bars(_AXIS_ROWS, "zero", "axis_weight", "bar_row", "loading", "law", "zero")],
            visible=ON,
        ),
        Plot(
            "skills",
            "Sloth: what skills do to a benchmark that stood at one half",
            Axis("score", "linear", domain=(0.0, 1.0), format=".0%"),
            Axis("", "linear", names="skill_names", format=".0f"),
            [
                Rule("x", "half", ""),
                Bars(_SKILL_ROWS, "half", "skill_score", "bar_row", "score", "inference", "half"),
            ],
            visible=ON,
        ),
    ]


def _valid() -> tuple[float, float]:
    low, high = _VALID
    return low, high


def tables() -> list[Table]:
    return [
        topics.table(
            ON,
            "The family at C",
            [
                ("Capability", "family_S", "+.3f"),
                ("Worth of the reference's compute", "family_worth", "quantity"),
                ("over its own", "family_ratio", ".3~r"),
            ],
        ),
        topics.table(
            ON,
            "The scores",
            [
                ("Capability", "scores_S", "+.3f"),
                ("Worth of the reference's compute", "scores_worth", "quantity"),
                ("The family would need", "scores_needed", "quantity"),
            ],
        ),
    ]
