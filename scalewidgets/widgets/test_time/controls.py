"""What a hand moves in the TestTimeLab, by question."""

from __future__ import annotations

from ..given import GIVEN
from ..topics import choice
from ..vocabulary import Action, Choice, Group, Slider
from .cells import FAMILY, HANDLES, MODELS, TOPICS
from .facts import MOST_TRIES


def groups(given: bool) -> list[Group]:
    return [
        Group(
            "Question",
            [
                choice(TOPICS),
                _quantity("k", "Tries k", 1.0, MOST_TRIES, visible="on_tasks"),
            ],
        ),
        _rates_group(given),
        _study_group(),
        _verifier_group(),
        _price_group(),
        _lifetime_group(),
        _reward_group(),
    ]


def _quantity(
    cell: str, label: str, low: float, high: float, unit: str = "", **more: str
) -> Slider:
    return Slider(
        cell, label, (low, high), unit, visible=more.get("visible"), help=more.get("help")
    )


def _linear(
    cell: str, label: str, span: tuple[float, float], step: float, on: str, help: str
) -> Slider:
    return Slider(
        cell, label, span, scale="linear", step=step, format=".4~g", help=help, visible=on
    )


def _handle(cell: str, label: str, span: tuple[float, float], on: str, **more: str) -> Slider:
    return Slider(
        cell,
        label,
        span,
        more.get("unit", ""),
        format=more.get("format", ".4~g"),
        handle={"held": f"held.{cell}", "follows": f"base_{cell}"},
        help=more.get("help"),
        visible=on,
    )


def _rates_group(given: bool) -> Group:
    on = "on_rates"
    models = {**MODELS, **({GIVEN: "yours"} if given else {})}
    task = {name: "MATH" if name in FAMILY else "jailbreaking" for name in MODELS}
    return Group(
        "Success rates of the problems",
        [
            Choice("model", "Model", models, groups=task, visible="on_tasks"),
            _handle("alpha", "alpha, tail of hard problems", (0.02, 0.6), on, help="lower: fatter"),
            _handle("beta", "beta", (0.1, 100.0), on),
            _handle("scale", "Largest success rate", (0.001, 1.0), on),
            Action("As published", {f"held.{n}": False for n in HANDLES}, visible="some_held"),
        ],
    )


def _study_group() -> Group:
    on = "on_study"
    help = "samples are drawn from the rates above"
    return Group(
        "A study of them",
        [
            _quantity("problems", "Problems", 5.0, 1000.0, visible=on, help=help),
            _quantity("samples", "Samples of each", 10.0, 1e4, visible=on),
            _linear("seed", "Which study", (0.0, 50.0), 1.0, on, "another draw of the same kind"),
        ],
    )


def _verifier_group() -> Group:
    on = "on_verify"
    return Group(
        "Verifier",
        [
            Slider(
                "false_accept",
                "Share of wrong answers accepted",
                (1e-6, 0.5),
                format=".3~g",
                help="1 less the soundness s",
                visible=on,
            ),
            _linear(
                *("completeness", "Share of right answers accepted", (0.5, 1.0), 0.005, on),
                help="completeness c",
            ),
            _linear(
                *("price", "Price of a wrong answer", (0.0, 5.0), 0.01, on),
                help="where a right one gains 1",
            ),
        ],
    )


def _price_group() -> Group:
    on = "on_prices"
    larger = {name: MODELS[name] for name in FAMILY}
    size = {"format": "quantity", "unit": "params"}
    return Group(
        "Price of a try",
        [
            Choice("larger", "Large model", larger, visible=on),
            _handle("N", "Size of the model", (1e7, 1e12), on, **size),
            _handle("N_large", "Size of the large one", (1e7, 1e13), on, **size),
            _quantity("prompt_tokens", "Prompt", 1.0, 1e6, "tokens", visible=on),
            _quantity("decoded_tokens", "Written a try", 1.0, 1e6, "tokens", visible=on),
        ],
    )


def _lifetime_group() -> Group:
    on = "on_train"
    return Group(
        "A lifetime",
        [
            _quantity("queries", "Queries", 1e3, 1e15, visible=on),
            _quantity("lifetime", "Training and all tries", 1e20, 1e26, "FLOP", visible=on),
            _quantity(
                *("C", "Planner: quality of training with", 1e19, 1e27, "FLOP"),
                visible=on,
                help="spent as Chinchilla would; the plan is as good and costs least in all",
            ),
        ],
    )


def _reward_group() -> Group:
    on = "on_reward"
    return Group(
        "Reward model",
        [
            _quantity("N_reward", "Its size", 3e6, 3e9, "params", visible=on),
            _quantity("n", "Best of n", 1.0, 6e4, "samples", visible=on),
            _quantity("KL", "Distance from the first policy", 0.1, 100.0, "nats", visible=on),
        ],
    )
