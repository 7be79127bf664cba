"""The numbers of the TestTimeLab, by question."""

from __future__ import annotations

from ..vocabulary import Readout, Table


def tables() -> list[Table]:
    return [*_tries(), _verify(), *_cost(), *_train(), *_reward()]


def _tries() -> list[Table]:
    on = "on_tries"
    return [
        Table(
            "Your tries",
            [
                Readout("Solved by one of k tries", "coverage", ".2%", visible=on),
                Readout("Solved at once", "once", ".3%", visible=on),
                Readout("Exponent at your k", "exponent", ".3f", visible=on),
                Readout("Exponent in the end, alpha", "set_alpha", ".3f", visible=on),
            ],
        ),
        Table(
            "What the study says",
            [
                Readout("Problems solved in it", "solved_problems", ".0f", visible=on),
                Readout("alpha", "found_alpha", ".3f", visible=on, help="maximum likelihood"),
                Readout("from, 95 %", "alpha_low", ".3f", visible=on, help="the scale held"),
                Readout("to", "alpha_high", ".3f", visible=on),
                Readout("Exponent of a straight line", "line_b", ".3f", visible=on),
                Readout(
                    "Coverage at your k by the distribution", "found_coverage", ".2%", visible=on
                ),
                Readout("by the straight line", "line_coverage", ".2%", visible=on),
            ],
        ),
    ]


def _verify() -> Table:
    on = "on_verify"
    return Table(
        "With the verifier",
        [
            Readout("Right answers", "right", ".2%", visible=on),
            Readout("Wrong answers", "wrong", ".2%", visible=on),
            Readout("Right among those given", "trust", ".1%", visible=on),
            Readout("Solved, were it perfect", "coverage", ".2%", visible=on),
            Readout("Right, tries without end", "ceiling", ".2%", visible=on),
            Readout("Worth of a problem", "utility", "+.4f", visible=on),
            Readout("Best tries", "best_k", ".0f", visible=on, help="0: better not to ask"),
            Readout("Worth of a problem then", "best_utility", "+.4f", visible=on),
        ],
    )


def _cost() -> list[Table]:
    on = "on_cost"
    return [
        Table(
            "Small model, k tries",
            [
                Readout("Solves", "coverage", ".2%", visible=on),
                Readout("Price of a problem", "price_of_k", unit="FLOP", visible=on),
                Readout("Price of a solved one", "small_dear", unit="FLOP", visible=on),
            ],
        ),
        Table(
            "Large model, once",
            [
                Readout("Solves", "large_once", ".2%", visible=on),
                Readout("Price of a problem", "price_of_large", unit="FLOP", visible=on),
                Readout("Price of a solved one", "large_once_dear", unit="FLOP", visible=on),
                Readout("Small: tries for that price", "same_price_k", ".3~r", visible=on),
                Readout("with which it solves", "same_price_solves", ".2%", visible=on),
                Readout("Small: tries to solve as much", "equal_k", ".3~r", visible=on),
                Readout("for so many times the price", "equal_share", ".3~r", visible=on),
                Readout("The large one is better from", "even_price", unit="FLOP", visible=on),
            ],
        ),
    ]


def _train() -> list[Table]:
    on = "on_train"
    return [
        Table(
            "Pythia, equal FLOPs in all",
            [
                Readout("Best size", "family_N", unit="params", visible=on),
                Readout("Share of training", "family_training", ".0%", visible=on),
                Readout("Tries a query", "family_k", ".3~r", visible=on),
                Readout("Solves", "family_solves", ".1%", visible=on),
            ],
        ),
        Table(
            "Your model instead of the large one",
            [
                Readout("Times as large", "M", ".3~r", visible=on),
                Readout("Tries for the same FLOPs in all", "exchange", ".3~r", visible=on),
                Readout("with which it solves", "exchange_solves", ".1%", visible=on),
                Readout("The large one, once", "large_once", ".1%", visible=on),
            ],
        ),
        Table(
            "Planner, k tries a query",
            [
                Readout("Tokens served", "served", visible=on, help="inference_tokens"),
                Readout("Parameters", "plan_N", unit="params", visible=on),
                Readout("Training tokens", "plan_D", unit="tokens", visible=on),
                Readout("Tokens per parameter", "plan_ratio", ".3~r", visible=on),
                Readout("Training", "plan_train", unit="FLOP", visible=on),
                Readout("Serving", "plan_serve", unit="FLOP", visible=on),
                Readout("Saved against Chinchilla", "plan_saving", ".1%", visible=on),
            ],
        ),
    ]


def _reward() -> list[Table]:
    on = "on_reward"
    return [
        Table(
            "Best of n",
            [
                Readout("Gold reward of your n", "n_gold", ".3f", visible=on),
                Readout("Distance that n makes", "n_KL", ".2f", unit="nats", visible=on),
                Readout("Best n", "best_n", visible=on),
                Readout("Best distance", "bon_best_KL", ".2f", unit="nats", visible=on),
                Readout("Gold reward there", "bon_best_reward", ".3f", visible=on),
                Readout("Your n gives away", "given_up", ".1%", visible=on),
            ],
        ),
        Table(
            "Reinforcement learning",
            [
                Readout("Gold reward at your distance", "rl_gold", ".3f", visible=on),
                Readout("Best distance", "rl_best_KL", ".2f", unit="nats", visible=on),
                Readout("Gold reward there", "rl_best_reward", ".3f", visible=on),
            ],
        ),
    ]
