"""Other kinds of models and of optimisers, as multipliers of compute. No values, only cells."""

from __future__ import annotations

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.quantity import FLOP_UNITS
from .. import topics
from ..vocabulary import Axis, Curve, Marker, Plot, Rule, Table
from .cells import Formulas
from .worth import MANY

LINEAR = {"tnl": "TNL", "hgrn2": "HGRN2", "cosformer2": "cosFormer2"}
OPTIMISERS = {"muon": "Muon", "scion": "Scion", "soap": "SOAP"}
# Compute of a diffusion model over that of an autoregressive one of the same loss.
DIFFUSION = {"mdm": 16.0, "plaid": 64.0}  # Nie et al. 2024; Gulrajani and Hashimoto 2023

# --- formulas -------------------------------------------------------------------------------------


def formulas() -> Formulas:
    """Linear-complexity models, diffusion and optimisers as multipliers of training compute."""
    llama = published("shen2024_linear_complexity.loss", "llama")
    found: Formulas = {"softmax_loss": _linear("loss", "llama", "budget")}
    for name in LINEAR:
        loss = f"{name}_loss"
        a, b = llama.values["a"], llama.values["b"]
        found |= {
            loss: _linear("loss", name, "budget"),
            # the power law read backwards
            f"{name}_like": ex.parse(f"{FLOP_UNITS['PFLOP-days']!r}*({a!r}/{loss})**{1 / b!r}"),
            f"{name}_compute": f"{name}_like/budget",
            f"{name}_size": ex.divide(
                _linear("N_opt", "llama", f"{name}_like"), _linear("N_opt", name, "budget")
            ),
        }
    for name, factor in DIFFUSION.items():
        found[f"{name}_compute"] = 1.0 / factor
    needed = published("volkova2026_optimizer.C_needed")
    for name in OPTIMISERS:
        values: dict[str, ex.Tree] = dict(needed.sets[f"{name}_olmo"].values)
        at = ex.substitute(needed.tree, {**values, "C": 1.0})
        found[f"{name}_compute"] = ex.divide(1.0, at)
    return found


def _linear(name: str, which: str, C: ex.Tree) -> ex.Tree:
    law = published(f"shen2024_linear_complexity.{name}", which)
    return ex.substitute(law.tree, {**law.values, "C": ex.divide(C, FLOP_UNITS["PFLOP-days"])})


# --- what is on the screen ------------------------------------------------------------------------


def plots() -> list[Plot]:
    budget = Axis("training compute C (FLOP)")
    colors = dict(zip(LINEAR, ("law", "chinchilla", "inference"), strict=True))
    linear = [Curve("budget", f"{n}_compute", label, colors[n]) for n, label in LINEAR.items()]
    named = {"mdm": "masked diffusion", "plaid": "continuous diffusion"}
    ranges = {"mdm": (6e18, 1e20), "plaid": (1e16, 1.024e19)}
    diffusion = [
        Curve("budget", f"{n}_compute", named[n], "precision", dash, valid=ranges[n])
        for n, dash in zip(DIFFUSION, (None, "5 4"), strict=True)
    ]
    optimisers = [
        Curve("budget", f"{n}_compute", label, "muted", dash="1 4")
        for n, label in OPTIMISERS.items()
    ]
    return [
        Plot(
            "families",
            "Compute of a transformer with the same loss, over that paid",
            budget,
            Axis("times as much", format=".3~g", holds=["one"]),
            [
                Rule("y", "one", "transformer, AdamW"),
                *linear,
                *diffusion,
                *optimisers,
                Rule("x", "budget", "yours", "hand"),
            ],
            wide=True,
            visible="on_families",
        ),
        Plot(
            "linear",
            "Linear-complexity models: loss against compute",
            budget,
            Axis("loss (nats/token)", format=".2f"),
            [
                Curve("budget", "softmax_loss", "LLaMA", "muted", dash="5 4"),
                *(Curve("budget", f"{n}_loss", label, colors[n]) for n, label in LINEAR.items()),
                Marker("budget", "softmax_loss", "yours", "hand", drag="budget"),
            ],
            visible="on_families",
        ),
        Plot(
            "linear_sizes",
            "Parameters of LLaMA with the same loss, over theirs: memory and serving",
            budget,
            Axis("times as many", format=".3~g", holds=["one"]),
            [
                Rule("y", "one", "LLaMA"),
                *(Curve("budget", f"{n}_size", label, colors[n]) for n, label in LINEAR.items()),
                Rule("x", "budget", "yours", "hand"),
            ],
            visible="on_families",
        ),
    ]


def tables() -> list[Table]:
    named = {"mdm": "Masked diffusion (claimed)", "plaid": "Continuous diffusion (claimed)"}
    compute = [(label, f"{n}_compute", MANY) for n, label in LINEAR.items()]
    compute += [(named[n], f"{n}_compute", MANY) for n in DIFFUSION]
    better = [(f"{label} (not verified)", f"{n}_compute", MANY) for n, label in OPTIMISERS.items()]
    sizes = [(label, f"{n}_size", MANY) for n, label in LINEAR.items()]
    return [
        topics.table("on_families", "Compute of a transformer, times", compute, False),
        topics.table("on_families", "Parameters of LLaMA, times", sizes, False),
        topics.table("on_families", "Compute with AdamW, times", better, False),
    ]
