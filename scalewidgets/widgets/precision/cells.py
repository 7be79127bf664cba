"""The PrecisionLab's cells: three published laws of bits, each against its own full precision.

The laws come from different corpora and tokenisers, so their losses are never compared as they are:
a share of the parameters, a difference to the law's own 16 bits, or the part that tokens change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...allocation.surfaces import TRAINING_BITS
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.precision import BASELINE, BITS, SERVED
from ..law_cells import pick
from ..solves import bit_optimal, compute_optimal, reach
from ..vocabulary import Solve

KUMAR, SUN, CHEN = "kumar2024_precision", "sun2025_fp_quant", "chen2025_qat"
_PAPERS = {"kumar": KUMAR, "sun": SUN, "chen": CHEN}
_MAIN = {"kumar": "surface", "sun": "surface", "chen": "loss"}  # has all constants of its paper
_CHOICES = {"kumar": "number_type", "sun": "", "chen": "setting"}
HANDLES = (*BITS, SERVED, "Eb", "Mb")
QAT_BITS = 4.0  # of every run of Chen et al.
FLOAT_BITS = (3.0, 16.0)  # sign, exponent and mantissa: where Sun et al.'s laws hold
BASE = ("E", "A", "alpha", "B", "beta")  # of the surface without bits, as Kumar et al. name them
_ENDLESS = 1e300  # tokens of which more would change nothing

_FULL: dict[str, ex.Tree] = dict.fromkeys((*BITS, SERVED), BASELINE)


def tree(role: str, name: str, **at: ex.Tree) -> ex.Tree:
    """A law of a paper over the lab's cells; ``at`` says what its variables are."""
    law = published(f"{_PAPERS[role]}.{name}")
    return ex.substitute(law.tree, {**{n: f"{role}_{n}" for n in law.values}, **at})


def formulas(given: Mapping[str, float]) -> dict[str, ex.Tree | str]:
    """All formulas; ``given`` are constants that take the place of Kumar et al.'s."""
    return {
        **_constants(given),
        **_settings(),
        **_shares(),
        **_added(),
        **_tokens(),
        **_at_equal_cost(),
        **_at_equal_memory(),
        **_apart(),
    }


def _constants(given: Mapping[str, float]) -> dict[str, ex.Tree | str]:
    found: dict[str, ex.Tree | str] = {}
    for role, choice in _CHOICES.items():
        law = published(f"{_PAPERS[role]}.{_MAIN[role]}")
        for name in law.values:
            values = [one.values[name] for one in law.sets.values()]
            found[f"{role}_{name}"] = pick(choice, values)
    return {**found, **{f"kumar_{name}": value for name, value in given.items()}}


def _settings() -> dict[str, ex.Tree | str]:
    """What the handles stand at: where the hand holds them, or where the bits P put them."""
    follows = dict.fromkeys((*BITS, SERVED), "P") | {"Eb": "best_Eb", "Mb": "best_Mb"}
    weights, everything = _quantised()
    return {
        **{f"best_{name}": of_P for name, of_P in _best_layout("P").items()},
        **{f"set_{n}": f"where(held_{n} > 0, {n}, {f})" for n, f in follows.items()},
        "layout_bits": "1 + set_Eb + set_Mb",
        "qat_bits": QAT_BITS,
        "weights_in_4": pick("setting", weights),
        "all_in_4": pick("setting", everything),
        "few": f"where(P < {BASELINE!r}, 1, 0)",
        "few_post": f"where(set_{SERVED} < {BASELINE!r}, 1, 0)",
        "some_held": " + ".join(f"held_{name}" for name in HANDLES),
        "one": 1.0,
        "memory": "N*set_P_w/8",
        "C": f"6*N*D*P/{BASELINE!r}",
    }


def _quantised() -> tuple[list[float], list[float]]:
    """Of each setting of Chen et al. whether the weights have 4 bits, and whether all has."""
    names = published(f"{CHEN}.loss").sets
    return [float("W4" in n) for n in names], [float(n == "W4A4") for n in names]


def trained(N: ex.Tree, D: ex.Tree, **bits: ex.Tree) -> ex.Tree:
    """Kumar et al.'s loss with these bits, 16 for those not named."""
    return tree("kumar", "surface", N=N, D=D, **{**_FULL, **bits})


def laid_out(N: ex.Tree, D: ex.Tree, P: ex.Tree) -> ex.Tree:
    """Sun et al.'s loss with P bits in their best layout."""
    return tree("sun", "surface", N=N, D=D, Bk="Bk", **_best_layout(P))


def _best_layout(P: ex.Tree) -> dict[str, ex.Tree]:
    return {"Eb": tree("sun", "Eb_opt", P=P), "Mb": tree("sun", "Mb_opt", P=P)}


def _post_term(N: ex.Tree, D: ex.Tree, P: ex.Tree) -> ex.Tree:
    """What quantising afterwards adds."""
    return tree("kumar", "ptq", N=N, D=D, P_post=P)


def full(role: str, N: ex.Tree, D: ex.Tree) -> ex.Tree:
    """A law's own full precision. A scale for each single element leaves Sun et al. no error."""
    if role == "kumar":
        return trained(N, D)
    if role == "chen":
        return tree("chen", "bf16", N=N, D=D)
    return tree("sun", "surface", N=N, D=D, Bk=1.0, Eb="set_Eb", Mb="set_Mb")


def _hand(D: ex.Tree) -> dict[str, ex.Tree]:
    """Each law's loss in training at the hand's settings."""
    layout: dict[str, ex.Tree] = {"Bk": "Bk", "Eb": "set_Eb", "Mb": "set_Mb"}
    return {
        "kumar": trained("N", D, **{name: f"set_{name}" for name in BITS}),
        "sun": tree("sun", "surface", N="N", D=D, **layout),
        "chen": tree("chen", "loss", N="N", D=D, G="Bk"),
    }


def _afterwards(D: ex.Tree) -> ex.Tree:
    """Kumar et al.'s loss trained in 16 bits and quantised afterwards."""
    return trained("N", D, **{SERVED: f"set_{SERVED}"})


def worth(role: str, loss: ex.Tree, N: ex.Tree, D: ex.Tree) -> ex.Tree:
    """Parameters that would do as well in full precision, over N."""
    rest = full(role, _ENDLESS, D)
    ratio = ("/", ("-", full(role, N, D), rest), ("-", loss, rest))
    return ("**", ratio, ("/", 1.0, f"{role}_alpha"))


def _shares() -> dict[str, ex.Tree | str]:
    """Effective parameters over parameters."""
    tied: dict[str, ex.Tree] = dict.fromkeys(BITS, "axis_P")
    alone: dict[str, ex.Tree] = {"N": 1.0, **_FULL, "P_w": "axis_P"}
    law = published(f"{KUMAR}.N_eff")
    types = {kind: {**one.values, **alone} for kind, one in law.sets.items()}
    best = tree("sun", "N_eff", N="N", D="D", P="axis_P", Bk="Bk")
    return {
        "kumar_share_at": tree("kumar", "N_eff", N=1.0, **tied),
        **{f"weights_{kind}": ex.substitute(law.tree, at) for kind, at in types.items()},
        "sun_share_at": ("/", best, "N"),
        "kumar_share": tree("kumar", "N_eff", N=1.0, **{n: f"set_{n}" for n in BITS}),
        "sun_share": worth("sun", "sun_loss", "N", "D"),
        "chen_delta": tree("chen", "delta", N="N", D="D", G="Bk"),
        "chen_share": tree("chen", "epm", N="N", delta="chen_delta"),
    }


def _added() -> dict[str, ex.Tree | str]:
    """Loss at the hand's settings, and what of it the bits add."""
    found: dict[str, ex.Tree | str] = {}
    for role, loss in _hand("D").items():
        found[f"{role}_loss"] = loss
        found[f"{role}_added"] = ("-", f"{role}_loss", full(role, "N", "D"))
    by_post = _post_term("N", "D", f"set_{SERVED}")
    found["post_added"] = ("where", ("<", f"set_{SERVED}", BASELINE), by_post, 0.0)
    fraction = published("dremov2025_compute_optimal_qat.fraction")
    at: dict[str, ex.Tree] = {"D_total": "D", "B": f"set_{SERVED}"}
    found["qat_fraction"] = ex.substitute(fraction.tree, {**fraction.values, **at})
    return found


def _tokens() -> dict[str, ex.Tree | str]:
    """What tokens change of the loss, and beyond how many of them it rises."""
    found: dict[str, ex.Tree | str] = {}
    curves = {
        "full": ("kumar", full("kumar", "N", "axis_D")),
        "post": ("kumar", _afterwards("axis_D")),
        **{role: (role, loss) for role, loss in _hand("axis_D").items() if role != "kumar"},
    }
    for key, (role, loss) in curves.items():
        found[f"{key}_by_D"] = ("-", loss, full(role, "N", _ENDLESS))
        if key != "full":
            found[f"{key}_least"] = ex.rename(found[f"{key}_by_D"], {"axis_D": f"{key}_crit"})
    # delta grows as a power of D, the rest falls as one: the least is where their slopes cancel
    one = tree("chen", "delta", N="N", D=1.0, G="Bk")
    cancels = "(chen_beta*chen_B/(chen_gamma_D*chen_one))**(1/(chen_beta + chen_gamma_D))"
    return {
        **found,
        "chen_one": one,
        "chen_crit": cancels,
        "post_crit": tree("kumar", "D_crit", N="N", P_post=f"set_{SERVED}"),
        "sun_crit": tree("sun", "D_crit", N="N", Bk="Bk", Eb="set_Eb", Mb="set_Mb"),
        "post_crit_at": tree("kumar", "D_crit", N="N", P_post="axis_P"),
        "sun_crit_at": tree("sun", "D_crit", N="N", Bk="Bk", **_best_layout("axis_P")),
    }


def _at_equal_cost() -> dict[str, ex.Tree | str]:
    """Compute that would do as well in full precision, over what is paid; bits cost as N*D*P, and
    N and D are the best ones each."""
    found: dict[str, ex.Tree | str] = {"affordable": "C*16/axis_P", "affordable_4": "C*16/qat_bits"}
    for role, loss in (("kumar", _tied), ("sun", laid_out)):
        at = loss(f"{role}_at_N", f"{role}_at_D", "axis_P")
        best = loss(f"{role}_best_N", f"{role}_best_D", f"{role}_best_P")
        found |= {f"{role}_cost": _compute(role, at), f"{role}_best": _compute(role, best)}
    four = tree("chen", "loss", N="chen_4_N", D="chen_4_D", G="Bk")
    return {**found, "chen_best": _compute("chen", four)}


def _compute(role: str, loss: ex.Tree) -> ex.Tree:
    """In full precision loss over the irreducible falls with best-spent compute as a power law, of
    exponent alpha*beta/(alpha + beta) (Hoffmann et al. 2022, Eq. 4)."""
    rest, at_16 = full(role, _ENDLESS, _ENDLESS), full(role, f"{role}_16_N", f"{role}_16_D")
    ratio = ("/", ("-", at_16, rest), ("-", loss, rest))
    return ("**", ratio, ("+", ("/", 1.0, f"{role}_alpha"), ("/", 1.0, f"{role}_beta")))


def _tied(N: ex.Tree, D: ex.Tree, P: ex.Tree) -> ex.Tree:
    return trained(N, D, **dict.fromkeys(BITS, P))


# Weights in P bits, each as its law can say it.
_MEMORY: dict[str, tuple[str, Callable[[ex.Tree, ex.Tree, ex.Tree], ex.Tree]]] = {
    "kumar": ("kumar", lambda N, D, P: trained(N, D, P_w=P)),
    # smooth, for the solves: the surface leaves the term out from 16 bits on
    "post": ("kumar", lambda N, D, P: ("+", trained(N, D), _post_term(N, D, P))),
    "sun": ("sun", laid_out),
    "chen": ("chen", lambda N, D, _: tree("chen", "loss", N=N, D=D, G="Bk")),
}
_SAME = {"same_D": "D", "same_P": "P"}  # in a solve D and P are the unknowns
_N_16 = ("/", "memory_bits", BASELINE)  # parameters that fit in 16 bits


def _at_equal_memory() -> dict[str, ex.Tree | str]:
    """Memory that would do as well in 16 bits, over what is used; fewer bits make room for more
    parameters, and the tokens stay."""
    found: dict[str, ex.Tree | str] = {"memory_bits": "8*memory", **_SAME}
    for key, (role, loss) in _MEMORY.items():
        bits = "qat_bits" if key == "chen" else "axis_P"
        at = loss(("/", "memory_bits", bits), "D", bits)
        found[f"{key}_memory"] = worth(role, at, _N_16, "D")
        if key != "chen":
            best = loss(f"{key}_memory_N", "D", f"{key}_memory_P")
            found[f"{key}_memory_best"] = worth(role, best, _N_16, "D")
    return found


def _apart() -> dict[str, ex.Tree | str]:
    """How far the integer and the floating-point law disagree at the same bits P."""
    at_P = {"axis_P": "P"}
    shares, tokens = _shares(), _tokens()
    found: dict[str, ex.Tree | str] = {}
    for name, of in (("kumar_share", shares), ("sun_share", shares), ("sun_crit", tokens)):
        found[f"{name}_P"] = ex.rename(of[f"{name}_at"], at_P)
    found["post_crit_P"] = ex.rename(tokens["post_crit_at"], at_P)
    return {
        **found,
        "apart_share": "sun_share_P/kumar_share_P",
        "apart_crit": "log10(sun_crit_P/post_crit_P)",
        "apart_bits": "sun_best_P - kumar_best_P",
        "apart_memory": "sun_memory_P - kumar_memory_P",
    }


def bits_drawn(drawn: Sequence[str]) -> bool:
    """Whether draws are of constants of the bits: without, an interval of what hangs on these
    alone would have no width, as if they were known exactly."""
    return not {f"kumar_{name}" for name in BASE}.issuperset(drawn)


# --- optima -----------------------------------------------------------------------------------


def solves() -> list[Solve]:
    """At equal cost the best N and D (and bits); at equal memory the best N and bits, and the
    tokens beyond which 16 bits are better."""
    return [
        _budget("kumar_at", _tied("N", "D", "axis_P"), "affordable"),
        _budget("sun_at", laid_out("N", "D", "axis_P"), "affordable"),
        _budget("chen_4", tree("chen", "loss", N="N", D="D", G="Bk"), "affordable_4"),
        *(_budget(f"{role}_16", full(role, "N", "D"), "C") for role in _PAPERS),
        bit_optimal(_named("kumar_best", "NDP"), _tied("N", "D", "P"), "C", TRAINING_BITS),
        bit_optimal(_named("sun_best", "NDP"), laid_out("N", "D", "P"), "C", FLOAT_BITS),
        *(_memory(key) for key in ("kumar", "post", "sun")),
        _even("post", "axis_P", "post_even_at"),
        _even("sun", "axis_P", "sun_even_at"),
        _even("post", f"set_{SERVED}", "post_even"),
        _even("sun", "same_P", "sun_even"),
        _even("chen", "qat_bits", "chen_even"),
    ]


def _budget(key: str, loss: ex.Tree, budget: str) -> Solve:
    return compute_optimal(_named(key, "ND"), loss, budget)


def _named(key: str, names: str) -> list[str]:
    return [f"{key}_{name}" for name in names]


def _memory(key: str) -> Solve:
    """N*P is a budget as N*D is one: the bits stand where a solve has the tokens. Below a bit the
    loss is flat, so no optimum: there an exponential of the bits hardly rises any more."""
    falling = ex.rename(_MEMORY[key][1]("N", "same_D", "P"), {"P": "D"})
    loss = ("where", ("<", "D", 0.9), 0.0, falling)
    outputs = [f"{key}_memory_N", f"{key}_memory_P"]
    by_N, by_P = ex.derivative(loss, "N"), ex.derivative(loss, "D")
    return Solve("budget", outputs, loss, by_N, by_P, budget="memory_bits", factor=1.0)


def _even(key: str, bits: str, output: str) -> Solve:
    """Tokens at which the loss in 16 bits over the loss in few has fallen to 1."""
    role, loss = _MEMORY[key]
    ratio = ("/", full(role, _N_16, "D"), loss(("/", "memory_bits", bits), "D", bits))
    return reach(output, ratio, "one")
