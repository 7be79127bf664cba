"""The levels of the challenge: from what the hidden law is drawn, and what the trap was."""

from __future__ import annotations

from dataclasses import dataclass

from ..lawbook.law import spelling_hint

Span = tuple[float, float]


class ChallengeError(ValueError):
    """A move that the rules do not allow; the message says which rule and what would be allowed."""


@dataclass(frozen=True)
class Level:
    """What a level says, and the ranges from which its law is drawn (see ``hidden``).

    ``ratios`` are tokens per parameter of the optimum at the dearest run that may be made, and
    ``exponents`` of its two exponents; each lists alternatives, of which the seed takes one.
    """

    title: str
    brief: str
    """Told before the game: gives nothing away."""
    explanation: str
    """Told with the score."""
    exponents: tuple[tuple[Span, Span], ...] = (((0.30, 0.38), (0.30, 0.38)),)
    ratios: tuple[Span, ...] = ((10.0, 40.0),)
    warmup: Span | None = None
    """Tokens over which the learning rate of every run rises; None where it rises at once."""
    spoilt: float = 0.0
    """Share of the runs that go wrong."""


LEVELS = {
    "hero-run": Level(
        "Hero run",
        "A new model family, and one shot at the hero run. Small runs are yours to place.",
        "Nothing was hidden but the law. A factor of a thousand in compute is won by spreading the "
        "runs: cheap and dear ones, many and few tokens per parameter, a share of the budget near "
        "the dearest run. One curve at one budget tells neither exponent.",
    ),
    "off-centre": Level(
        "Another corpus",
        "New data, new tokenizer, new architecture. Your colleagues know what usually works.",
        "The optimum lies far from 20 tokens per parameter, the ratio of Chinchilla (Hoffmann et "
        "al. 2022). A grid around 20 holds no minimum, or has it at its edge: parabolas through "
        "such a grid are biased even without noise (Czech et al. 2026). Look for the minimum with "
        "cheap runs first, then centre the grid on it.",
        ratios=((1.5, 4.0), (120.0, 400.0)),
    ),
    "tilted": Level(
        "A long way up",
        "Small runs look like those of any other family. The hero run is a thousand times larger.",
        "alpha and beta differ, so N and D do not grow alike with compute: N grows as "
        "C^(beta/(alpha + beta)) (Hoffmann et al. 2022, Eq. 4), and the tokens per parameter of "
        "small runs are not those of the hero run. Both 'N and D in equal proportion' and "
        "parabolas, which assume curves that are alike on both sides, go wrong here.",
        exponents=(((0.24, 0.28), (0.42, 0.48)), ((0.42, 0.48), (0.24, 0.28))),
    ),
    "warm-up": Level(
        "The usual recipe",
        "Every run, short or long, is trained by the recipe that the hero run will have.",
        "The recipe warms up over the same number of tokens whatever the length of the run, and "
        "short runs are hardly out of it: their loss is too high, so that data seem to help more "
        "than they do. Such warm-ups are one reason why Kaplan et al. (2020) found another "
        "optimum than Hoffmann et al. (Porian et al. 2024). Leave short runs out, and see the "
        "constants settle.",
        warmup=(3e8, 1e9),
    ),
    "spikes": Level(
        "A busy cluster",
        "The cluster has its days. Most runs come back as they should.",
        "One run in six went wrong and came back with too high a loss. Least squares follows such "
        "runs; Huber's loss on log loss (Hoffmann et al. 2022, App. D.2) mostly does not, and a "
        "residual plot shows them. Repeat what looks odd, or leave it out.",
        spoilt=1 / 6,
    ),
}


def level_of(name: str) -> Level:
    """The level of a name.

    Raises
    ------
    ChallengeError
        When there is none.
    """
    if name not in LEVELS:
        hint = spelling_hint(str(name), LEVELS)
        raise ChallengeError(f"there is no level {name!r}; there are {', '.join(LEVELS)}{hint}")
    return LEVELS[name]
