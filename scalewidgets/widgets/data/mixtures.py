"""Laws of data mixtures, each over the shares of its domains, and the mixtures that are best."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from ...lawbook import Law, closed_form
from ...lawbook import expression as ex
from ...lawbook.expression import Array

YE, REGMIX, SHUKOR = "ye2024", "regmix", "shukor2025"
CORNERS = ("left", "right", "top")
_CONVERGED = 1e-12  # nats
_LEAST = 1e-9  # a share of nothing: a power of it has no slope


@dataclass(frozen=True)
class Mixing:
    """A law of mixtures and the cells that it reads.

    Its shares are the cells ``r_...`` of the domains; ``free`` are constants that a hand sets,
    with the values at which they begin.
    """

    law: Law
    label: str
    domains: tuple[str, ...]
    corners: tuple[str, str, str]
    """Domains at the corners of the triangle, to begin with."""
    tree: ex.Tree
    weights: Mapping[str, float]
    """Shares of the validation set, where they count: the cells ``w_...``."""
    free: Mapping[str, float]
    sized: bool = False
    """Whether it counts N and D."""

    def at(self, shares: Mapping[str, ex.Tree]) -> ex.Tree:
        """The loss at other shares: domain to tree."""
        return ex.substitute(self.tree, {f"r_{name}": shares[name] for name in self.domains})

    def own(self, corners: Mapping[str, str]) -> dict[str, str]:
        """Those corners whose domain the law has."""
        return {corner: domain for corner, domain in corners.items() if domain in self.domains}


# Shukor et al. print no values: these are made up so that all of it can be seen. The first domain
# is close to the target, the second takes fewer parameters, the third fewer tokens.
_MADE_UP = {
    **{"C_1": 2.4, "C_2": 1.2, "C_3": 1.0},
    **{"CA_1": 420.0, "CA_2": 300.0, "CA_3": 420.0},
    **{"CB_1": 1300.0, "CB_2": 1300.0, "CB_3": 1150.0},
}
_HELD = {
    **{"E": 1.3, "alpha": 0.34, "beta": 0.28, "gamma_A": 1.0, "gamma_B": 1.0},
    **dict.fromkeys(("gamma_1", "gamma_2", "gamma_3"), 0.4),
}
# The additive law is the joint one with coefficients that no mixture changes.
ALIKE = {
    **dict.fromkeys(("CA_1", "CA_2", "CA_3"), 400.0),
    **dict.fromkeys(("CB_1", "CB_2", "CB_3"), 1250.0),
}

# Liu et al. 2024, the mixture that they trained at 1B (catalogue, liu2024_regmix): what is not
# named has less than 0.004 each, 0.014 in all.
PUBLISHED = {
    "pile_cc": 0.870,
    "ubuntu_irc": 0.064,
    "pubmed_abstracts": 0.024,
    "wikipedia_en": 0.016,
    "hackernews": 0.012,
}


@cache
def mixing(name: str) -> Mixing:
    """A law of mixtures by its short name: a key of :data:`LABELS`."""
    return {YE: _ye, REGMIX: _regmix, SHUKOR: _shukor}[name]()


LABELS = {
    YE: "Ye et al. 2024, five groups of the Pile",
    REGMIX: "RegMix (Liu et al. 2024), 17 domains",
    SHUKOR: "Shukor et al. 2025, made-up constants",
}


@dataclass(frozen=True)
class Mixed:
    """A law of mixtures on the screen: what stands at the corners, and whether runs do."""

    name: str
    corners: tuple[str, ...]
    """Domains at the left, right and upper corner."""
    runs: bool
    """Whether measured mixtures are shown."""

    @property
    def law(self) -> Mixing:
        return mixing(self.name)

    @property
    def others(self) -> list[str]:
        """Domains that are at no corner."""
        return [domain for domain in self.law.domains if domain not in self.corners]


def _ye() -> Mixing:
    law = closed_form("ye2024_data_mixing.overall")
    domains = tuple(part.removeprefix("r_") for part in law.vectors["r"])
    values: dict[str, ex.Tree] = dict(law.values)
    values |= {f"s_{name}": f"w_{name}" for name in domains}
    weights = {name: law.values[f"s_{name}"] for name in domains}
    corners = ("academic", "internet", "prose")
    tree = ex.substitute(law.tree, values)
    return Mixing(law, LABELS[YE], domains, corners, tree, weights, {})


def _regmix() -> Mixing:
    law = closed_form("liu2024_regmix")
    parts = sorted(law.vectors["r"], key=lambda part: law.values[f"w_{part.removeprefix('r_')}"])
    domains = tuple(part.removeprefix("r_") for part in parts)
    corners = ("pile_cc", "enron_emails", "github")
    values: dict[str, ex.Tree] = dict(law.values)
    tree = ex.substitute(law.tree, values)
    return Mixing(law, LABELS[REGMIX], domains, corners, tree, {}, {})


def _shukor() -> Mixing:
    law = closed_form("shukor2025_optimal_mixtures.joint")
    domains = ("first", "second", "third")
    cells: dict[str, ex.Tree] = {**_HELD, **{name: f"constants_{name}" for name in _MADE_UP}}
    cells |= {f"h_{i}": f"r_{name}" for i, name in enumerate(domains, 1)}
    tree = ex.substitute(law.tree, cells)
    return Mixing(law, LABELS[SHUKOR], domains, domains, tree, {}, _MADE_UP, sized=True)


@cache
def all_domains() -> tuple[str, ...]:
    return tuple(domain for name in LABELS for domain in mixing(name).domains)


def beginnings(what: str) -> dict[str, float]:
    """What the ``"shares"`` of all domains, the ``"weights"`` or the ``"constants"`` begin with."""
    if what == "constants":
        return dict(mixing(SHUKOR).free)
    if what == "weights":
        return dict(mixing(YE).weights)
    laws = [mixing(name) for name in LABELS]
    return {domain: 1.0 / len(law.domains) for law in laws for domain in law.domains}


def shares(amounts: Mapping[str, float]) -> dict[str, float]:
    """Amounts of each domain as shares that sum to 1; equal ones where there is nothing at all."""
    total = sum(amounts.values())
    equal = 1.0 / len(amounts)
    return {name: value / total if total > 0 else equal for name, value in amounts.items()}


@lru_cache(maxsize=256)
def best_mixture(
    name: str,
    cells: tuple[tuple[str, float], ...] = (),
    fixed: tuple[tuple[str, float], ...] = (),
) -> tuple[float, ...]:
    """Shares of the domains with the least loss under a mixing law.

    Parameters
    ----------
    name : str
        The law: a key of :data:`LABELS`.
    cells : tuple of (str, float)
        Values of what else its tree reads: weights ``w_...``, ``N``, ``D``, ``constants_...``.
    fixed : tuple of (str, float)
        Shares of domains that are not to be moved.

    Returns
    -------
    tuple of float
        Shares that are not negative and sum to 1, in the order of the law's domains.

    Raises
    ------
    ValueError
        When the solver finds none.

    Notes
    -----
    Ye et al.'s loss (arXiv:2403.16952) is a sum of exponentials of linear functions, RegMix's
    regression (arXiv:2407.01492) is linear, and Shukor et al.'s form (arXiv:2507.09404) is one over
    a concave function and linear parts, with exponents up to 1: all three are convex, so that there
    is one least value and any descent finds it.
    """
    from scipy.optimize import minimize  # 0.3 s to import

    law, held = mixing(name), dict(fixed)
    program, parts = _program(name)
    known = dict(cells)

    def loss(mixture: Array) -> tuple[float, Array]:
        value, *slopes = program({**known, **dict(zip(parts, mixture, strict=True))})
        return float(value), np.array([float(slope) for slope in slopes])

    room = 1.0 - sum(held.values())
    begin = room / max(1, len(law.domains) - len(held))
    with warnings.catch_warnings():
        # before SciPy 1.16 steps pass a bound by a rounding, which it clips and tells
        warnings.filterwarnings("ignore", "Values in x were outside bounds", RuntimeWarning)
        found = minimize(
            loss,
            np.array([held.get(domain, begin) for domain in law.domains]),
            jac=True,
            method="SLSQP",
            bounds=[(held[d], held[d]) if d in held else (_LEAST, 1.0) for d in law.domains],
            constraints={"type": "eq", "fun": lambda r: r.sum() - 1.0, "jac": np.ones_like},
            options={"ftol": _CONVERGED, "maxiter": 500},
        )
    if not found.success:
        raise ValueError(f"no best mixture under {law.label} at {known}: {found.message}")
    mixture = np.where(found.x > 10 * _LEAST, found.x, 0.0)
    return tuple(float(share) for share in mixture / mixture.sum())


@cache
def _program(name: str) -> tuple[ex.Program, list[str]]:
    """Loss and its slopes along each share."""
    law = mixing(name)
    parts = [f"r_{domain}" for domain in law.domains]
    return ex.Program([law.tree, *(ex.derivative(law.tree, part) for part in parts)]), parts


def loss_of(name: str, mixture: Mapping[str, float], cells: Mapping[str, float]) -> float:
    """The law's loss at shares of its domains (nats/token); those left out are 0."""
    program, parts = _program(name)
    given = {part: mixture.get(part.removeprefix("r_"), 0.0) for part in parts}
    return float(program({**cells, **given})[0])
