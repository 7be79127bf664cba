"""The ArchitectureLab's cells for vocabularies, parallel streams, shapes and other families.

What the parts of their names mean is told in :mod:`.architecture_cells`.
"""

from __future__ import annotations

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.quantity import FLOP_UNITS
from ..vocabulary import Solve
from .cells import NO_SLOPE, Formulas, beyond, halves, law_of, of_kind, parts, reach, tree

USUAL_VOCABULARY = 32_000.0  # of Llama 2 (Touvron et al. 2023, Sec. 2.2)
STREAMS = (1, 2, 4, 8)  # of the runs
GEMSTONES_VOCABULARY = 50_304
LINEAR = {"tnl": "TNL", "hgrn2": "HGRN2", "cosformer2": "cosFormer2"}
OPTIMISERS = {"muon": "Muon", "scion": "Scion", "soap": "SOAP"}
# Compute of a diffusion model over that of an autoregressive one of the same loss.
DIFFUSION = {"mdm": 16.0, "plaid": 64.0}  # Nie et al. 2024; Gulrajani and Hashimoto 2023
APPROACHES = (1, 2, 3)


# --- vocabulary -------------------------------------------------------------------------------


def _scored(Nnv: ex.Tree, V: ex.Tree, D: ex.Tree, **at: ex.Tree) -> ex.Tree:
    """Tao et al.'s loss; the width is that of the hand's model."""
    return tree("vocab", "", **{"Nnv": Nnv, "V": V, "d": "embedding", "D": D, **at})


def _above(Nnv: ex.Tree, V: ex.Tree, D: ex.Tree) -> ex.Tree:
    """What of the loss size and data remove: positive, where the loss itself is negative."""
    return _scored(Nnv, V, D, E=0.0)


def _width(N: ex.Tree) -> ex.Tree:
    """The embedding width that the authors pair with a size."""
    return ex.substitute(ex.parse(law_of("vocab").defaults["d"]), {"Nnv": N})


def vocabulary_formulas() -> Formulas:
    """A vocabulary against the usual one, in a model of the same size without it. The compute is
    what the usual one takes for the hand's tokens; a larger one leaves fewer tokens."""
    runs = law_of("vocab").valid
    text = [tree("vocab", "tokens_per_char", V=V) for V in ("V", "usual_V")]
    found: Formulas = {
        "usual_V": USUAL_VOCABULARY,
        "embedding": _width("N"),
        "usual_total": "N + usual_V*embedding",
        "vocab_C": "6*usual_total*D",
        "vocab_total": "N + V*embedding",
        "vocab_D": "vocab_C/(6*vocab_total)",
        "vocab_loss": _scored("N", "V", "vocab_D"),
        "vocab_above": _above("N", "V", "vocab_D"),
        "usual_loss": _scored("N", "usual_V", "D"),
        "vocab_compute": "vocab_like_D/D",
        "vocab_like_total": "vocab_even + usual_V*embedding",
        "vocab_memory": "vocab_like_total/vocab_total",
        "shorter": ("/", text[0], text[1]),  # the same text in tokens, over that in usual ones
        "vocab_served": "vocab_memory/shorter",
        "vocab_beyond": beyond({"N": runs["Nnv"], "V": runs["V"]}),
        "best_D": "vocab_C/(6*(N + best_V_3*embedding))",
        "best_V_loss": _scored("N", "best_V_3", "best_D"),
        "vocab_residual": (
            "-",
            "run_loss",
            tree("vocab", "as_fitted", Nnv="run_N", V="run_V", d="run_d", H="run_H"),
        ),
    }
    advised = ex.parse(published("tao2024_vocab.V_opt_3").defaults["C"])
    for which in APPROACHES:
        of_size: dict[str, ex.Tree] = {"Nnv": "axis_N", "d": _width("axis_N")}
        of_hand: dict[str, ex.Tree] = {"Nnv": "N", "d": "embedding"}
        if which == 3:  # the only one that knows the compute; the paper's table has the advised
            of_size["C"] = ex.substitute(advised, {"Nnv": "axis_N"})
            of_hand["C"] = "vocab_C"
        found[f"best_V_{which}"] = tree("vocab", f"V_opt_{which}", **of_hand)
        found[f"best_V_{which}_at"] = tree("vocab", f"V_opt_{which}", **of_size)
    return found | parts("vocab")


# --- parallel streams -------------------------------------------------------------------------


def stream_formulas() -> Formulas:
    """ParScale's law knows no tokens: all models saw the same, so the dense one does, too."""
    runs = law_of("stream").valid
    found: Formulas = {
        "stream_loss": tree("stream", N="N", P="P"),
        "stream_even": tree("stream", "equivalent", N="N", P="P", P_other=1.0),
        "stream_memory": "stream_even/N",
        "stream_served": "stream_even/(N*P)",  # each stream is a pass of its own
        "stream_compute": "stream_served",  # in training, too
        "stream_beyond": beyond({"N": runs["N"], "P": runs["P"]}),
        "stream_shown": of_kind("corpus"),
        "stream_measured": "stream_shown*run_loss",
        "stream_residual": (
            "log",
            ("/", "stream_measured", tree("stream", N="run_N", P="run_P")),
        ),
    }
    for P in STREAMS:
        found[f"stream_{P}"] = tree("stream", N="axis_N", P=float(P))
    return found | parts("stream")


# --- width and depth --------------------------------------------------------------------------

# Of the models of McLeish et al., exactly, but the two of width 384 (2 % fewer a layer): a layer
# has 15 width**2 + 2 width, then both embeddings and the last norm. Counted in their run table.
_A_LAYER = "(15*{w}**2 + 2*{w})"
_OUTSIDE = 2 * GEMSTONES_VOCABULARY + 1


def _width_of(depth: str) -> ex.Tree:
    """The width of a model of N parameters: the positive root of the count above."""
    linear = f"(2*{depth} + {_OUTSIDE})"
    return ex.parse(f"(sqrt({linear}**2 + 60*{depth}*N) - {linear})/(30*{depth})")


def _depth_of(width: str) -> ex.Tree:
    return ex.parse(f"(N - {_OUTSIDE}*{width})/{_A_LAYER.format(w=width)}")


def _shaped(width: ex.Tree, depth: ex.Tree, N: ex.Tree, D: ex.Tree) -> ex.Tree:
    return tree("shape", w=width, l=depth, P=N, T=D)


def shape_formulas() -> Formulas:
    """At N parameters training FLOPs, memory and inference cost are the same for every shape: what
    is left to compare is the tokens that the best shape would need."""
    runs = law_of("shape").valid
    narrow = published("mcleish2025_gemstones.width_depth")
    counted = ex.parse(f"axis_l*{_A_LAYER.format(w='axis_w')} + {_OUTSIDE}*axis_w")
    found: Formulas = {
        "width": _width_of("depth"),
        "aspect": "width/depth",
        "shape_loss": _shaped("width", "depth", "N", "D"),
        "narrow_loss": ex.substitute(
            narrow.tree, {**narrow.values, "w": "width", "l": "depth", "T": "D"}
        ),
        "best_width": _width_of("best_depth"),
        "best_aspect": "best_width/best_depth",
        "best_shape_loss": _shaped("best_width", "best_depth", "N", "D"),
        "shape_worth": "shape_like_D/D",
        "plane_loss": _shaped("axis_w", "axis_l", counted, "D"),
        "plane_depth": _depth_of("axis_w"),
        "shape_beyond": beyond(
            {"width": runs["w"], "depth": runs["l"], "N": runs["P"], "D": runs["T"]}
        ),
        "shape_residual": ("log", ("/", "run_loss", _shaped("run_w", "run_l", "run_N", "run_D"))),
        "run_aspect": "run_w/run_l",
    }
    drawn = ("shape_worth", "shape_loss", "narrow_loss")
    split = {n: f for cell in drawn for n, f in halves(cell, "shape_beyond").items()}
    return found | split | _vision_formulas()


def _vision_formulas() -> Formulas:
    """What SoViT's exponents make of ten times the compute, or as much as ``growth`` says."""
    growth = published("alabdulmohsin2023_sovit.dimension")
    encoder = published("alabdulmohsin2023_sovit.params")
    start = {name: ex.parse(text) for name, text in encoder.defaults.items()}

    def size(tau: ex.Tree) -> ex.Tree:
        return ex.substitute(encoder.tree, {**encoder.values, **start, "tau": tau})

    found: Formulas = {"vision_params": ex.divide(size("growth"), size(1.0))}
    for part in ("width", "depth", "mlp"):
        at: dict[str, ex.Tree] = {**growth.sets[part].values, "x_0": 1.0, "w": 1 / 3}
        found[f"vision_{part}"] = ex.substitute(growth.tree, {**at, "tau": "growth"})
    return found


def _best_depth() -> Solve:
    """Where what depth gains and what the width that it costs loses are even."""
    loss = _shaped(_width_of("D"), "D", "N", 1.0)  # tokens are no part of the balance
    gained = ex.derivative(ex.substitute(loss, {"shape_A": 0.0}), "D")
    lost = ex.derivative(ex.substitute(loss, {"shape_B": 0.0}), "D")
    return reach("best_depth", ex.negate(ex.divide(gained, lost)), "one", slope=NO_SLOPE)


# --- other families ---------------------------------------------------------------------------


def family_formulas() -> Formulas:
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


# --- solves -----------------------------------------------------------------------------------


def more_solves() -> list[Solve]:
    return [
        reach("vocab_like_D", _above("N", "usual_V", "D"), "vocab_above"),
        reach("vocab_even", _above("D", "usual_V", "vocab_D"), "vocab_above"),
        _best_depth(),
        reach("shape_like_D", _shaped("best_width", "best_depth", "N", "D"), "shape_loss"),
    ]
