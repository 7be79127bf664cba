"""The numbers of the TestTimeLab, by question."""

from __future__ import annotations

from ..topics import table
from ..vocabulary import Readout, Table


def tables() -> list[Table]:
    return [*_tries(), _verify(), *_cost(), *_train(), *_reward()]


def _tries() -> list[Table]:
    return [
        table(
            "on_tries",
            "Your tries",
            [
                ("Solved by one of k tries", "coverage", ".2%"),
                ("Solved at once", "once", ".3%"),
                ("Exponent at your k", "exponent", ".3f"),
                ("Exponent in the end, alpha", "set_alpha", ".3f"),
            ],
        ),
        table(
            "on_tries",
            "What the study says",
            [
                ("Problems solved in it", "solved_problems", ".0f"),
                Readout("alpha", "found_alpha", ".3f", help="maximum likelihood"),
                Readout("from, 95 %", "alpha_low", ".3f", help="the scale held"),
                ("to", "alpha_high", ".3f"),
                ("Exponent of a straight line", "line_b", ".3f"),
                ("Coverage at your k by the distribution", "found_coverage", ".2%"),
                ("by the straight line", "line_coverage", ".2%"),
            ],
        ),
    ]


def _verify() -> Table:
    return table(
        "on_verify",
        "With the verifier",
        [
            ("Right answers", "right", ".2%"),
            ("Wrong answers", "wrong", ".2%"),
            ("Right among those given", "trust", ".1%"),
            ("Solved, were it perfect", "coverage", ".2%"),
            ("Right, tries without end", "ceiling", ".2%"),
            ("Worth of a problem", "utility", "+.4f"),
            Readout("Best tries", "best_k", ".0f", help="0: better not to ask"),
            ("Worth of a problem then", "best_utility", "+.4f"),
        ],
    )


def _cost() -> list[Table]:
    return [
        table(
            "on_cost",
            "Small model, k tries",
            [
                ("Solves", "coverage", ".2%"),
                Readout("Price of a problem", "price_of_k", unit="FLOP"),
                Readout("Price of a solved one", "small_dear", unit="FLOP"),
            ],
        ),
        table(
            "on_cost",
            "Large model, once",
            [
                ("Solves", "large_once", ".2%"),
                Readout("Price of a problem", "price_of_large", unit="FLOP"),
                Readout("Price of a solved one", "large_once_dear", unit="FLOP"),
                ("Small: tries for that price", "same_price_k", ".3~r"),
                ("with which it solves", "same_price_solves", ".2%"),
                ("Small: tries to solve as much", "equal_k", ".3~r"),
                ("for so many times the price", "equal_share", ".3~r"),
                Readout("The large one is better from", "even_price", unit="FLOP"),
            ],
        ),
    ]


def _train() -> list[Table]:
    return [
        table(
            "on_train",
            "Pythia, equal FLOPs in all",
            [
                Readout("Best size", "family_N", unit="params"),
                ("Share of training", "family_training", ".0%"),
                ("Tries a query", "family_k", ".3~r"),
                ("Solves", "family_solves", ".1%"),
            ],
        ),
        table(
            "on_train",
            "Your model instead of the large one",
            [
                ("Times as large", "M", ".3~r"),
                ("Tries for the same FLOPs in all", "exchange", ".3~r"),
                ("with which it solves", "exchange_solves", ".1%"),
                ("The large one, once", "large_once", ".1%"),
            ],
        ),
        table(
            "on_train",
            "Planner, k tries a query",
            [
                Readout("Tokens served", "served", help="inference_tokens"),
                Readout("Parameters", "plan_N", unit="params"),
                Readout("Training tokens", "plan_D", unit="tokens"),
                ("Tokens per parameter", "plan_ratio", ".3~r"),
                Readout("Training", "plan_train", unit="FLOP"),
                Readout("Serving", "plan_serve", unit="FLOP"),
                ("Saved against Chinchilla", "plan_saving", ".1%"),
            ],
        ),
    ]


def _reward() -> list[Table]:
    return [
        table(
            "on_reward",
            "Best of n",
            [
                ("Gold reward of your n", "n_gold", ".3f"),
                Readout("Distance that n makes", "n_KL", ".2f", unit="nats"),
                Readout("Best n", "best_n"),
                Readout("Best distance", "bon_best_KL", ".2f", unit="nats"),
                ("Gold reward there", "bon_best_reward", ".3f"),
                ("Your n gives away", "given_up", ".1%"),
            ],
        ),
        table(
            "on_reward",
            "Reinforcement learning",
            [
                ("Gold reward at your distance", "rl_gold", ".3f"),
                Readout("Best distance", "rl_best_KL", ".2f", unit="nats"),
                ("Gold reward there", "rl_best_reward", ".3f"),
            ],
        ),
    ]
