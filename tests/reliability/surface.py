"""All that people can call: each public name with arguments that work.

A call is tried with one argument after the other replaced by what :mod:`.hostile` has. The tests
hold that no public name, method or argument is missing here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import scalewidgets as sw

from .things import BUDGETS, COSINE, COUNTS, CURVES, LAW, LOSSES, ROUGH, RUNS, SWEEP, made

__all__ = ["Call", "classes", "functions", "made", "methods"]

_TABLES = ("runs", "curves", "counts", "source", "candidates")
_TABLE = "runs?|table|rows?|column|counts"  # errors about a table name its rows and columns


@dataclass(frozen=True)
class Call:
    """A public function, method or class, and arguments with which it answers.

    Attributes
    ----------
    of : callable
    good : mapping of str to object
        Arguments by name; those of ``**options`` too.
    left : mapping of str to str
        Arguments that are not replaced, and why.
    says : mapping of str to str
        Other words (a regular expression) by which errors may name an argument.
    bare : tuple of str
        Arguments that stand in front, without a name.
    """

    of: Callable[..., Any]
    good: Mapping[str, Any] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    bare: tuple[str, ...] = ()

    def __call__(self, arguments: Mapping[str, Any]) -> Any:
        bare = [arguments[name] for name in self.bare if name in arguments]
        return self.of(*bare, **{k: v for k, v in arguments.items() if k not in self.bare})

    def words(self, argument: str) -> str:
        """By what other words errors may name an argument."""
        return self.says.get(argument) or (_TABLE if argument in _TABLES else "")

    @property
    def parameters(self) -> set[str]:
        """The names in the signature, ``**options`` aside."""
        stars = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        given = inspect.signature(self.of).parameters.values()
        return {p.name for p in given if p.kind not in stars}


# --- the calls -------------------------------------------------------------------------------

_CLUSTER = sw.Cluster("H100", count=8)
_SHAPE = sw.Architecture(layers=4, width=64, heads=4, vocabulary=1000, sequence=128)
_RATES = {"peak": 3e-4, "steps": 400, "warmup": 40}
_EXECUTOR = {"executor": "another library's: its errors are its own"}
_SOLVER = "residuals, from the solver's innermost loop"
_READ = {"columns": None, "units": None, "storage_options": None, "invalid": "error"}
_NO_BUDGET = ("loss", "total_flops", "dollars", "gpu_hours", "days", "cluster", "serving")
_NOT_FIXED = ("N", "D", "tokens_per_parameter", "memory", "overhead", "unique_tokens")


def functions() -> dict[str, Call]:
    """The public functions by name."""
    return {**_of_laws_and_runs(), **_of_fits(), **_of_plans()}


def _of_laws_and_runs() -> dict[str, Call]:
    log = {"source": CURVES, "run": "run", "keep": (), **_READ}
    sweep = {"budgets": BUDGETS, "points": 5, "noise": 0.005, "seed": 0}
    grid = {"width": 1.0, "off_centre": 0.0, "drift": 0.0}
    return {
        "check": Call(sw.check, {"value": 7e10, "expected": 7e10, "hint": "", "within": None}),
        "datasets": Call(sw.datasets),
        "findings": Call(sw.findings, {"search": "data", "family": None}),
        "law": Call(sw.law, {"id": "hoffmann2022", "constants": None}),
        "laws": Call(sw.laws, {"search": "experts", "family": None, "status": None}),
        "load_curves": Call(sw.load_curves, {"name": "multi_power", "directory": None}),
        "load_runs": Call(
            sw.load_runs, {"name": "chinchilla", "selection": "published", "directory": None}
        ),
        "read_curves": Call(sw.read_curves, {**log, "points": 20}),
        "read_final_losses": Call(sw.read_final_losses, {**log, "last": 1}),
        "read_runs": Call(sw.read_runs, {"source": RUNS, **_READ}),
        "simulate_isoflop_data": Call(sw.simulate_isoflop_data, {"law": LAW, **sweep, **grid}),
    }


def _of_fits() -> dict[str, Call]:
    fit = made()["Fit"]
    runs = {"law": "hoffmann2022", "runs": RUNS}
    shared = {"weights": None, "executor": None, "objective": ROUGH}
    universes = [sw.Universe("plain", "mine", objective=ROUGH)]
    kept = {"start": fit.params, "fixed": {"E": 1.7}, "bounds": {"alpha": (0.1, 1.0)}}
    return {
        "advise": Call(sw.advise, {"fit": fit, "C": 1e22, "objectives": False}),
        "approach_1": Call(
            sw.approach_1,
            {"curves": CURVES, "run": "run", "envelope": "curves", "points": 40, "ends": False},
        ),
        "approach_2": Call(
            sw.approach_2,
            {"runs": SWEEP, "curve": "parabola", "D_from": "C", "budgets": BUDGETS, "within": 0.05},
        ),
        "approach_3": Call(sw.approach_3, {"runs": RUNS, "delta": 1e-3}),
        "compare_fits": Call(sw.compare_fits, {"fits": {"a": fit, "b": fit}}),
        "cross_validate": Call(
            sw.cross_validate, {**runs, "folds": 3, "by": None, "seed": 0, **shared}, left=_EXECUTOR
        ),
        "fit": Call(
            sw.fit,
            {**runs, "objective": "huber", "delta": 1e-3, **kept, "tied": None, "weights": None},
        ),
        "fit_schedule_law": Call(
            sw.fit_schedule_law,
            {
                **{"curves": LOSSES, "law": "tissue2024_lr_annealing", "fit_on": ["cosine"]},
                **{"schedules": {"cosine": COSINE}, "warmup": 40, "places": 20, "delta": 1e-3},
                "fixed": {"lam": 0.999},
            },
        ),
        "fit_pass_rates": Call(sw.fit_pass_rates, {"counts": COUNTS, "scale": None}),
        "likelihood_ratio": Call(sw.likelihood_ratio, {"small": made()["tied"], "large": fit}),
        "multiverse": Call(
            sw.multiverse,
            {
                **{**runs, "C": 1e22, "universes": universes, "full": False, "embedding": None},
                **{"included": True, "budgets": None, "within": 0.05, "executor": None},
                "objective": "huber",
            },
            left=_EXECUTOR,
        ),
        "roll_out": Call(
            sw.roll_out, {**runs, "cutoff": 1e20, "by": "C", **shared}, left=_EXECUTOR
        ),
        "suggest_runs": Call(
            sw.suggest_runs,
            {
                **{"fit": fit, "budget": 1e21, "target": "N_opt", "at": 1e24, "count": 1},
                "candidates": None,
            },
        ),
    }


def _of_plans() -> dict[str, Call]:
    fit, boot = made()["Fit"], made()["Bootstrap"]
    demand = dict.fromkeys(("inference_tokens", "input_tokens", "output_tokens"), 0.0)
    world = {"unique_tokens": None, "precision": False, "served_bits": 16.0}
    return {
        "accelerator": Call(sw.accelerator, {"name": "H100", "extra": None}),
        "allocate": Call(
            sw.allocate,
            {
                **{"source": fit, "C": 1e22, **dict.fromkeys((*_NO_BUDGET, *_NOT_FIXED))},
                **{**demand, **world, "draws": boot},
            },
        ),
        "allocate_grid": Call(
            sw.allocate_grid,
            {"source": fit, "C": [1e21, 1e22], "inference_tokens": [0.0, 1e12], **world},
        ),
        "compare_strategies": Call(
            sw.compare_strategies,
            {
                **{"source": fit, "C": 1e22, "inference_tokens": 1e12, **world},
                **{"draws": boot, "level": 0.95},
            },
        ),
        "hardware": Call(sw.hardware, {"extra": None}),
        "optimise": Call(
            sw.optimise,
            {
                **{"source": fit, "over": {"N": None, "D": None}, "cost": "6*N*D"},
                **{"budget": 1e21, "target": None, "at": None, "constraints": (), "draws": boot},
            },
            says={"cost": "costs", "budget": "costs", "target": "reaches"},
        ),
        "optimise_schedule": Call(
            sw.optimise_schedule,
            {"law": "luo2025_multi_power", **_RATES, "pieces": 8, "sudden": False},
        ),
        "suggest_hyperparameters": Call(
            sw.suggest_hyperparameters, {"N": 1e9, "D": None, "C": 1e21, "loss": None}
        ),
    }


def classes() -> dict[str, Call]:
    """What people make themselves."""
    shape = {"layers": 4, "width": 64, "heads": 4, "vocabulary": 1000, "sequence": 128}
    experts = {"ffw": None, "kv_heads": None, "head_width": None, "experts": 1}
    flags = {"tied_embeddings": True, "gated": False, "relative_positions": False}
    speed = {"peak": {"bf16": 4e14}, "memory": "96 GB", "bandwidth": 2.4e12, "interconnect": None}
    texts = dict.fromkeys(("source", "status", "note", "price_from"), "")
    equation = {"equation": "E + A/N**alpha", "constants": {"E": 1.8, "A": 480.0, "alpha": 0.35}}
    words = dict.fromkeys(("id", "title", "family", "output", "unit", "mixture", "set_name"), "")
    about = dict.fromkeys(("source", "teaches", "fitted", "status"), "")
    tables = ("definitions", "defaults", "items", "vectors", "symbols", "placeholders", "sets")
    spans = {"valid": {}, "typical": {}, "errata": (), "item_count": 1}
    shares = {"prefill_utilisation": 0.5, "generation_utilisation": 0.01, "utilisation": 0.4}
    rates = np.linspace(1e-3, 1e-4, 50)
    return {
        "Accelerator": Call(
            sw.Accelerator,
            {"name": "mine", **speed, "price_per_hour": 2.0, "year": 2030, **texts, "aliases": ()},
        ),
        "Architecture": Call(sw.Architecture, {**shape, **experts, "active_experts": 1, **flags}),
        "Cluster": Call(
            sw.Cluster,
            {
                **{"accelerator": "H100", "count": 8, "price_per_hour": 2.0, "precision": "bf16"},
                **shares,
            },
        ),
        "Law": Call(
            sw.Law,
            {**equation, **words, **about, **{n: {} for n in tables}, **spans},
            says={"constants": "a number|constant"},
        ),
        "Objective": Call(sw.Objective, {"kind": "huber", "delta": 1e-3, "log": True, "over": 1.0}),
        "Schedule": Call(
            sw.Schedule, {"rates": rates, "warmup": 0, "asked": [10, 20]}, says={"rates": "steps"}
        ),
        "Universe": Call(
            sw.Universe,
            {
                **{"label": "mine", "group": "mine", "objective": ROUGH, "rules": ()},
                **{"count": None, "tied": False, "curve": None, "source": ""},
            },
        ),
    }


def methods() -> dict[str, Call]:
    """Methods of what people make, and of what functions return."""
    of = made()
    level = {"level": 0.95}
    return {**_of_made(of, level), **_of_things(), **_of_fitted(of, level)}


def _of_fitted(of: Mapping[str, Any], level: Mapping[str, Any]) -> dict[str, Call]:
    fit = of["Fit"]
    draws = {"resamples": 20, "seed": 0}
    grid = {"x": "alpha", "y": "beta", "levels": (0.68, 0.95), "points": 5, "scatter": None}
    return {
        "Fit.D_opt": Call(fit.D_opt, {"C": 1e22}),
        "Fit.N_opt": Call(fit.N_opt, {"C": 1e22}),
        "Fit.bootstrap": Call(
            fit.bootstrap, {**draws, "kind": "plain", "by": None, "executor": None}, left=_EXECUTOR
        ),
        "Fit.conf_int": Call(fit.conf_int, level),
        "Fit.exponents": Call(fit.exponents, {"C": 1e22}),
        "Fit.predict": Call(fit.predict, {"N": 1e9, "D": 2e10}),
        "Fit.profile": Call(fit.profile, {"names": ["alpha"], **level, "scatter": None}),
        "Fit.summary": Call(fit.summary),
        "Fit.valley": Call(fit.valley, grid),
        "Envelope.D_opt": Call(of["Envelope"].D_opt, {"C": 1e22}),
        "Envelope.N_opt": Call(of["Envelope"].N_opt, {"C": 1e22}),
        "Envelope.bootstrap": Call(of["Envelope"].bootstrap, draws),
        "Envelope.summary": Call(of["Envelope"].summary),
        "IsoFlop.D_opt": Call(of["IsoFlop"].D_opt, {"C": 1e22}),
        "IsoFlop.N_opt": Call(of["IsoFlop"].N_opt, {"C": 1e22}),
        "IsoFlop.bootstrap": Call(of["IsoFlop"].bootstrap, {**draws, "noise": None}),
        "IsoFlop.curves": Call(of["IsoFlop"].curves, {"points": 10}),
        "IsoFlop.notes": Call(of["IsoFlop"].notes),
        "IsoFlop.summary": Call(of["IsoFlop"].summary),
    }


def _of_made(of: Mapping[str, Any], level: Mapping[str, Any]) -> dict[str, Call]:
    boot, plan, rates = of["Bootstrap"], of["Plan"], of["PassRates"]
    tries = {"k": [1.0, 10.0]}
    run = {"N": 1e9, "D": 2e10}
    return {
        "Bootstrap.conf_int": Call(boot.conf_int, level),
        "Bootstrap.interval": Call(
            boot.interval, {"quantity": "loss", **level, "new_run": False, **run}
        ),
        "Bootstrap.tail": Call(boot.tail, {**level, "constant": "alpha"}),
        "Optimum.interval": Call(of["Optimum"].interval, {"name": "N", **level}),
        "Optimum.to_dict": Call(of["Optimum"].to_dict),
        "PassRates.conf_int": Call(rates.conf_int, level),
        "PassRates.exponent": Call(rates.exponent, tries),
        "PassRates.interval": Call(rates.interval, {**tries, **level}),
        "PassRates.measured": Call(rates.measured, tries),
        "PassRates.naive": Call(rates.naive, tries),
        "PassRates.predict": Call(rates.predict, tries),
        "ScheduleFit.conf_int": Call(of["ScheduleFit"].conf_int, level),
        "ScheduleFit.predict": Call(of["ScheduleFit"].predict, {"schedule": COSINE}),
        "ScheduleFit.summary": Call(of["ScheduleFit"].summary),
        "Plan.cost_curve": Call(plan.cost_curve, {"N": [1e9, 1e10]}),
        "Plan.flat_region": Call(plan.flat_region, {"within": 0.01}),
        "Plan.interval": Call(plan.interval, {"name": "N", **level}),
        "Plan.sensitivity": Call(plan.sensitivity),
        "Plan.to_dict": Call(plan.to_dict),
        "Plan.to_json": Call(plan.to_json),
        "Plan.to_markdown": Call(plan.to_markdown),
        "Plan.to_python": Call(plan.to_python),
        "Profile.conf_int": Call(of["Profile"].conf_int),
        "Theory.predict": Call(of["Theory"].predict, _THEORY),
    }


_THEORY = {"N": 100.0, "T": 400.0, "alpha": 1.0, "M": 1000.0}


def _of_things() -> dict[str, Call]:
    work = {"flops": [1e21, 1e22], "work": "training"}
    counted = {"counting": "6ND", "logits": None}
    r = np.linspace(-1e-2, 1e-2, 5)
    schedule = sw.Schedule.wsd(3e-4, 400, warmup=40)
    huber = sw.Objective()
    residual = {
        name: Call(getattr(huber, name), {"r": r}, left={"r": _SOLVER}) for name in _OF_RESIDUALS
    }
    times = {name: Call(getattr(_CLUSTER, name), work) for name in _OF_FLOPS}
    return {
        **{f"Objective.{name}": call for name, call in residual.items()},
        "Objective.stages": Call(huber.stages),
        "Objective.tilted": Call(
            huber.tilted, {"values": r, "r": r}, left={"values": _SOLVER, "r": _SOLVER}
        ),
        **{f"Cluster.{name}": call for name, call in times.items()},
        "Cluster.flops": Call(
            _CLUSTER.flops, {"days": 30, "dollars": None, "gpu_hours": None, "work": "training"}
        ),
        "Cluster.flops_per_second": Call(_CLUSTER.flops_per_second, {"work": "training"}),
        "Cluster.generation_limit": Call(
            _CLUSTER.generation_limit, {"N": 1e9, "bits": 16.0, "batch": 1.0}
        ),
        "Architecture.flop_counts": Call(_SHAPE.flop_counts, {"D": 1e9}),
        "Architecture.forward_flops": Call(_SHAPE.forward_flops, counted),
        "Architecture.from_N": Call(
            sw.Architecture.from_N, {"N": 1e9, "vocabulary": 32000, "sequence": 2048}
        ),
        "Architecture.training_flops": Call(
            _SHAPE.training_flops, {"D": 1e9, **counted, "recomputation": "none"}
        ),
        "Law.D_opt": Call(LAW.D_opt, {"C": 1e22}),
        "Law.N_opt": Call(LAW.N_opt, {"C": 1e22}),
        "Law.chart": Call(LAW.chart, {"x": "N", "at": {"D": 1e11}}, says={"at": "variables"}),
        "Law.latex": Call(LAW.latex),
        "Law.partials": Call(LAW.partials, {"N": 1e9, "D": 2e10}),
        "Law.predict": Call(LAW.predict, {"N": 1e9, "D": 2e10}),
        "Law.vega": Call(LAW.vega, {"names": {n: f"x_{n}" for n in ("N", "D", *LAW.values)}}),
        "Law.with_constants": Call(
            LAW.with_constants, {"name": "rounded", "E": 1.7}, bare=("name",)
        ),
        "Schedule.at": Call(schedule.at, {"steps": [10, 20]}),
        "Schedule.constant": Call(sw.Schedule.constant, _RATES),
        "Schedule.cosine": Call(sw.Schedule.cosine, {**_RATES, "final": 0.1}),
        "Schedule.features": Call(schedule.features),
        "Schedule.inverse_sqrt": Call(sw.Schedule.inverse_sqrt, _RATES),
        "Schedule.linear": Call(sw.Schedule.linear, {**_RATES, "final": 0.1}),
        "Schedule.two_stage": Call(
            sw.Schedule.two_stage,
            {**_RATES, "switch": 200, "final": 0.1},
            says={"steps": "switch", "warmup": "switch"},
        ),
        "Schedule.wsd": Call(
            sw.Schedule.wsd, {**_RATES, "decay": 0.2, "final": 0.1, "shape": "linear"}
        ),
    }


_OF_RESIDUALS = ("curvature", "firmness", "rho", "slope")
_OF_FLOPS = ("cost", "days", "gpu_hours", "seconds")
