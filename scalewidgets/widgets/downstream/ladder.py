"""The DownstreamLab's first topic: from parameters and tokens to a loss, from there to a score."""

from __future__ import annotations

from collections.abc import Sequence

from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ..given import GIVEN
from ..law_cells import pick
from .figures import TARGETS, TASKS

ON = "on_ladder"
FORMS = {"ladder": "sigmoid (Bhagia et al.)", "gadre": "exponential (Gadre et al.)"}
# The two steps of each form: a loss over N and D, then a score (or an error) over that loss.
STEPS = {
    "ladder": ("bhagia2024_ladder.task_loss", "bhagia2024_ladder.accuracy_of_loss"),
    "gadre": ("gadre2024.surface", "gadre2024.error"),
}
GADRE = {
    f"{key}_{count}": f"mean of {count} tasks, trained on {data}"
    for count in (17, 46)
    for key, data in {"c4": "C4", "redpajama": "RedPajama", "refinedweb": "RefinedWeb"}.items()
}
DATASETS = {"none": "none", "published": "those of the authors"}
CONSTANTS = {"published": "as published", "fitted": "fitted to these runs"}
RUN_ROWS = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "loss", "accuracy")}
TARGET_ROWS = {"row": "target_rows", "row_N": "target_N", "row_D": "target_D"}
BAR_ROWS = {
    "bar_row": "bar_rows",
    **{f"row_{step}_{size}": f"bars_{step}_{size}" for step in ("one", "two") for size in TARGETS},
}


def labels(with_given: bool) -> dict[str, str]:
    """Tasks to choose from."""
    found = {key: task.label for key, task in TASKS.items()} | GADRE
    return ({GIVEN: "yours"} if with_given else {}) | found


def fitted_cell(form: str, name: str) -> str:
    """The fact that holds a fitted constant; the same name belongs to other laws too."""
    return f"fit_{form}_{name}"


def steps(form: str) -> tuple[Law, Law]:
    """The two laws of a form."""
    first, second = STEPS[form]
    return published(first), published(second)


def fitted_constants(form: str) -> list[str]:
    """Constants of both steps, which no two of them share."""
    return [name for law in steps(form) for name in law.values]


# --- formulas ---------------------------------------------------------------------------------


def _own(form: str, law: Law) -> ex.Tree:
    return ex.rename(law.tree, {name: f"{form}_{name}" for name in law.values})


def _constants(options: Sequence[str]) -> dict[str, ex.Tree | str]:
    found: dict[str, ex.Tree | str] = {}
    for form in FORMS:
        for law in steps(form):
            for name in law.values:
                values = [_published(law, task, name) for task in options]
                fitted = fitted_cell(form, name)
                found[f"{form}_{name}"] = (
                    "where",
                    ("<", "fitted", 0.5),
                    pick("task", values),
                    fitted,
                )
    return found


def _published(law: Law, task: str, name: str) -> ex.Tree:
    """A task's constant; that of another one where the form does not belong to the task."""
    if task == GIVEN:
        return "never"
    known = task if task in law.sets else task.rsplit("_", 1)[0]
    return law.sets[known if known in law.sets else next(iter(law.sets))].values[name]


def _loss(n: ex.Tree, d: ex.Tree) -> ex.Tree:
    trees = [_own(form, steps(form)[0]) for form in FORMS]
    ladder, gadre = (ex.substitute(tree, {"N": n, "D": d}) for tree in trees)
    return ("where", ("<", "exponential", 0.5), ladder, gadre)


def _accuracy(loss: ex.Tree) -> ex.Tree:
    trees = [_own(form, steps(form)[1]) for form in FORMS]
    ladder, gadre = (ex.substitute(tree, {"L": loss}) for tree in trees)
    return ("where", ("<", "exponential", 0.5), ladder, ("-", 1.0, gadre))


def _measured(options: Sequence[str], what: str, which: str) -> ex.Tree:
    """What the 7B (where the cell ``which`` is 0) or the 13B model had on the task."""

    def of(size: str) -> ex.Tree:
        return pick("task", [_figure(task, f"{what}_{size}") for task in options])

    return ("where", ("<", which, 0.5), *(of(size) for size in TARGETS))


def _figure(task: str, name: str) -> ex.Tree:
    return float(getattr(TASKS[task], name)) if task in TASKS else "never"


def formulas(options: Sequence[str]) -> dict[str, ex.Tree | str]:
    """All formulas; ``options`` are the tasks to choose from, in the order of the choice."""
    forms: list[ex.Tree] = ["fitted_form" if t == GIVEN else float(t in GADRE) for t in options]
    return {
        "is_given": pick("task", [float(task == GIVEN) for task in options]),
        "on_given": ("*", ON, "is_given"),
        "on_published": ("*", ON, ("-", 1.0, "is_given")),
        "on_tasks": ("*", ON, pick("task", [float(task in TASKS) for task in options])),
        # constants that the kernel has fitted belong to one task: another has its published ones
        "fitted": "where(task < fitted_task - 0.5, 0, where(task < fitted_task + 0.5, 1, 0))",
        "exponential": pick("task", forms),
        **_constants(options),
        "task_loss": _loss("N", "D"),
        "accuracy": _accuracy("task_loss"),
        "accuracy_over": _accuracy("axis_L"),
        "ratio": "D/N",
        "on_runs": ("*", ON, ("max", "dataset", "is_given")),
        # where the models of the papers begin, so that the pictures hold the way up from there
        "first_D": (
            *("where", ("<", "is_given", 0.5)),
            ("where", ("<", "exponential", 0.5), *(_first_tokens(form) for form in FORMS)),
            "never",
        ),
        "first_loss": _loss("N", "first_D"),
        "first_accuracy": _accuracy("first_loss"),
        # runs: those that a fit may see, and those that it must foretell
        "run_seen": "where(run_N < 1.001*largest, run_accuracy, never)",
        "run_seen_loss": "where(run_N < 1.001*largest, run_loss, never)",
        "run_kept": "where(run_N < 1.001*largest, never, run_accuracy)",
        "run_kept_loss": "where(run_N < 1.001*largest, never, run_loss)",
        "run_near": _near("run_N"),
        # the two models that the ladder was climbed for
        "row_loss": _measured(options, "loss", "row"),
        "row_accuracy": _measured(options, "accuracy", "row"),
        "row_near": _near("row_N"),
        **_errors(options),
    }


def _first_tokens(form: str) -> float:
    return float(steps(form)[0].valid["D"][0])


def _near(size: str) -> str:
    """Opacity of a model: full where it is as large as yours."""
    return f"max(0.15, exp(-2*log({size}/N)*log({size}/N)))"


def _errors(options: Sequence[str]) -> dict[str, ex.Tree | str]:
    """What each step adds to the error of the score: at the measured loss only the second errs."""
    n, d = (("where", ("<", "target", 0.5), *ends) for ends in zip(*TARGETS.values(), strict=True))
    return {
        "target_loss": _measured(options, "loss", "target"),
        "target_accuracy": _measured(options, "accuracy", "target"),
        "foretold_loss": _loss(n, d),
        "foretold_accuracy": _accuracy("foretold_loss"),
        "at_measured_loss": _accuracy("target_loss"),
        "error_loss": "foretold_loss/target_loss - 1",
        "error_one": "foretold_accuracy - at_measured_loss",
        "error_two": "at_measured_loss - target_accuracy",
        "error_both": "foretold_accuracy - target_accuracy",
        "error_relative": "foretold_accuracy/target_accuracy - 1",
        "bar_one": "where(target < 0.5, row_one_7B, row_one_13B)",
        "bar_two": "where(target < 0.5, row_two_7B, row_two_13B)",
        "bar_both": "bar_one + bar_two",
        "bar_one_at": "bar_row - 0.25",
        "bar_two_at": "bar_row + 0.25",
    }


def printed_errors(size: str) -> tuple[list[float], list[float]]:
    """For each task what the published steps add to the error of a target's score.

    Parameters
    ----------
    size : str
        ``"7B"`` or ``"13B"``.

    Returns
    -------
    tuple of list of float
        First step and second step, in the order of ``TASKS``; a score of 0.5 is 0.5, not 50.
    """
    n, d = TARGETS[size]
    one, two = [], []
    for key, task in TASKS.items():
        loss, accuracy = (published(name, key) for name in STEPS["ladder"])
        foretold = float(accuracy.predict(L=loss.predict(N=n, D=d)))
        at_measured = float(accuracy.predict(L=getattr(task, f"loss_{size}")))
        one.append(foretold - at_measured)
        two.append(at_measured - float(getattr(task, f"accuracy_{size}")))
    return one, two
