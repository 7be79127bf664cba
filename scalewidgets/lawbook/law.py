"""A law: an equation with named symbols, constants and a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import expression as ex
from . import features, forms
from .door import checked, shown
from .frontier import compute_optimal
from .grammar import MAX_HEIGHT, ExpressionError, height

if TYPE_CHECKING:
    import altair as alt

Values = npt.NDArray[np.float64]
# Of an equation with its definitions put in: parts, a hundred times any law's, and their height,
# with whose second derivatives recursion still ends before the stack does.
_LARGEST, _HIGHEST = 50_000, 2 * MAX_HEIGHT


class LawError(ValueError):
    """A law that cannot be written, found or evaluated as asked."""


@dataclass(frozen=True)
class ConstantSet:
    """One published set of constants and how sure it is.

    ``status`` is ``"seen"`` (read in the source), ``"computed"`` (refitted here), ``"derived"``
    (follows from seen numbers), ``"recalled"`` (not verified) or ``"user"``.
    """

    name: str
    values: Mapping[str, float]
    stderr: Mapping[str, float] = field(default_factory=dict)
    where: str = ""
    status: str = "user"
    note: str = ""


@checked(LawError, "law")
@dataclass(frozen=True)
class Law:
    """A scaling law that can be evaluated, differentiated, drawn and fitted.

    Parameters
    ----------
    equation : str
        The right-hand side, for example ``"E + A/N**alpha + B/D**beta"``.
    constants : mapping of str to float, or iterable of str
        Values of the constants; only their names where no values are known ("form only").
        Every other name in the equation is a variable.
    definitions : mapping of str to str
        Named parts of the equation, for example ``{"N_eff": "N*(1 - exp(-P_w/gamma_w))"}``.
    defaults : mapping of str to str
        Formulas, in variables without one, for variables that may be left out of :meth:`predict`.
    items : mapping of str to sequence of float or str
        Variables that are lists over which ``sum(...)`` in the equation runs, with a list to begin
        with: numbers, or a formula in the item's number ``i`` from 1 to ``item_count``.
    vectors : mapping of str to sequence of str
        Names under which several variables can be given at once, such as the shares of a mixture.
    mixture : str
        That one of ``vectors`` whose parts are shares: not negative, and 1 in all.

    Raises
    ------
    LawError
        When a constant does not occur in the equation, or an item stands outside of ``sum(...)``.
    ExpressionError
        When the text is not an equation; the message points at the column.

    Examples
    --------
    >>> law = Law("E + A/N**alpha", constants={"E": 1.8, "A": 480, "alpha": 0.35})
    >>> round(float(law.predict(N=70e9)), 4)
    1.8768
    """

    equation: str
    constants: Mapping[str, float] | Iterable[str] = field(default_factory=dict)
    id: str = "typed"
    title: str = ""
    family: str = "typed"
    output: str = "loss"
    unit: str = "nats/token"
    definitions: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, Sequence[float] | str] = field(default_factory=dict)
    item_count: int = 1
    vectors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mixture: str = ""
    symbols: Mapping[str, str] = field(default_factory=dict)
    placeholders: Mapping[str, float] = field(default_factory=dict)
    sets: Mapping[str, ConstantSet] = field(default_factory=dict)
    set_name: str = "user"
    valid: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    typical: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    source: str = ""
    errata: tuple[str, ...] = ()
    teaches: str = ""
    fitted: str = ""
    status: str = "typed"

    def __post_init__(self) -> None:
        given = self.constants
        if isinstance(given, str):
            raise LawError("law: constants takes a mapping of names to values, or a list of names")
        values = (
            {k: float(_numbers(k, v, 0)) for k, v in given.items()}
            if isinstance(given, Mapping)
            else dict.fromkeys(given, float("nan"))
        )
        object.__setattr__(self, "constants", values)
        present = ex.symbols(self.tree)
        for name in values:
            if name not in present:
                hint = spelling_hint(name, present)
                raise LawError(f"law: constant {name!r} does not occur in the equation{hint}")
        loose = ex.outside_sums(self.tree) & set(self.items)
        if loose:
            raise LawError(f"law: the items {sorted(loose)} must stand in sum(...)")
        if ex.sums_in_sums(self.tree):
            raise LawError("law: a sum stands in a sum: there is one list of items only")

    @cached_property
    def tree(self) -> ex.Tree:
        """The checked tree of the equation, definitions put in."""
        tree = ex.parse(self.equation)
        parts = {name: _defined(name, text) for name, text in self.definitions.items()}
        for _ in range(len(parts) + 1):
            if not set(parts) & set(ex.symbols(tree)):
                return tree
            tree = ex.substitute(tree, parts)
            if ex.size(tree) > _LARGEST or height(tree) > _HIGHEST:
                raise LawError(
                    f"law {self.id}: with its definitions put in the equation has too many terms "
                    f"(over {_LARGEST:,}, or nested more than {_HIGHEST} deep)"
                )
        raise LawError(
            f"law {self.id}: the definitions {sorted(parts)} refer to each other in a circle"
        )

    @cached_property
    def values(self) -> dict[str, float]:
        """The constants with their values (NaN where a law is a form only)."""
        assert isinstance(self.constants, dict)
        return {k: self.constants[k] for k in ex.symbols(self.tree) if k in self.constants}

    @property
    def constant_names(self) -> list[str]:
        """Names of the constants, in the order of the equation."""
        return list(self.values)

    @cached_property
    def variables(self) -> list[str]:
        """Names that a prediction needs or takes, in the order of the equation."""
        return [s for s in ex.symbols(self.tree) if s not in self.values]

    @property
    def stderr(self) -> Mapping[str, float]:
        """Published standard errors of the present constant set (may be empty)."""
        return self.sets[self.set_name].stderr if self.set_name in self.sets else {}

    @cached_property
    def _program(self) -> ex.Program:
        return ex.Program([self.tree])

    @cached_property
    def _gradient_program(self) -> ex.Program:
        return ex.Program([ex.derivative(self.tree, name) for name in self.values])

    def predict(
        self, **variables: npt.ArrayLike | Mapping[str, npt.ArrayLike] | features.Featured
    ) -> Values:
        """The law's value, in its ``unit`` (nats per token for a loss).

        Parameters
        ----------
        **variables : array_like
            One value or array a variable, for example ``N`` (parameters) and ``D`` (tokens); the
            shapes broadcast. Items are lists (..., items); a vector is a list (..., parts) or names
            its parts; a ``Schedule`` stands for all variables that can be read off it.

        Returns
        -------
        numpy.ndarray
            Of the broadcast shape; NaN where the law is not defined.

        Raises
        ------
        LawError
            When a variable is missing or unknown, or the constants have no values.
        """
        return self._evaluate(self._program, variables)[0]

    def partials(
        self, **variables: npt.ArrayLike | Mapping[str, npt.ArrayLike] | features.Featured
    ) -> dict[str, Values]:
        """Exact derivatives of the prediction with respect to each constant; shapes as predict."""
        return dict(
            zip(self.values, self._evaluate(self._gradient_program, variables), strict=True)
        )

    def _evaluate(self, program: ex.Program, given: Mapping[str, Any]) -> list[Values]:
        for name, value in self.values.items():
            if np.isnan(value):
                raise LawError(
                    f"law {self.id}: {name} has no value (the law is a form only). "
                    "Fit it to runs, or give values with law.with_constants(...)."
                )
        arrays = self._fill(self._spread(given))
        shape = np.broadcast_shapes(
            *(a.shape[:-1] if name in self.items else a.shape for name, a in arrays.items())
        )
        if self.items:  # their axis is the last one: all else has length 1 there
            arrays = {k: a if k in self.items else a[..., None] for k, a in arrays.items()}
        results = program({**self.values, **arrays})
        if self.items:
            results = [r[..., 0] if np.ndim(r) else r for r in results]
        return [_owned(np.asarray(r, dtype=float), shape, arrays.values()) for r in results]

    def _spread(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Vectors and whole schedules as the variables for which they stand."""
        found: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, features.Featured):
                read = value.features()
                found |= {k: v for k, v in read.items() if k in self.variables}
            elif name in self.vectors:
                parts = self.vectors[name]
                found |= features.spread(name, parts, value, mixture=name == self.mixture)
            else:
                found[name] = value
        return found

    @cached_property
    def default_items(self) -> dict[str, Values]:
        """The lists of items that are taken where none are given."""
        return features.default_items(self.items, self.item_count)

    def _fill(self, given: Mapping[str, Any]) -> dict[str, Values]:
        for name in given:
            if name not in self.variables:
                known = [*self.variables, *self.vectors]
                raise LawError(
                    f"law {self.id}: {name!r} is not a variable of it; it has "
                    f"{', '.join(known)}{spelling_hint(name, known)}"
                )
        arrays: dict[str, Any] = {k: _numbers(k, v) for k, v in given.items()}
        arrays = {**{k: v for k, v in self.default_items.items() if k not in arrays}, **arrays}
        missing = [v for v in self.variables if v not in arrays and v not in self.defaults]
        if missing:
            raise LawError(f"law {self.id}: predict needs a value for {', '.join(missing)}")
        for name in self.variables:
            if name not in arrays:
                formula = ex.parse(self.defaults[name])
                unknown = [s for s in ex.symbols(formula) if s not in given]
                if unknown:
                    raise LawError(
                        f"law {self.id}: predict needs a value for {', '.join(unknown)} "
                        f"(the default of {name} is {self.defaults[name]}) or for {name}"
                    )
                arrays[name] = np.asarray(ex.Program([formula])(arrays)[0])
        return arrays

    @checked(LawError, "law")
    def N_opt(self, C: npt.ArrayLike, **others: npt.ArrayLike) -> Values:
        """Parameters of least loss at ``C`` training FLOPs, 6ND = C (any shape).

        ``others`` are further variables of the law, such as bits. NaN where there is no optimum.

        Raises
        ------
        LawError
            When the law is not a loss over N and D.
        """
        return self._frontier(C, others)[0]

    @checked(LawError, "law")
    def D_opt(self, C: npt.ArrayLike, **others: npt.ArrayLike) -> Values:
        """Training tokens of least loss at ``C`` training FLOPs, 6ND = C; see :meth:`N_opt`."""
        return self._frontier(C, others)[1]

    def _frontier(
        self, C: npt.ArrayLike, others: Mapping[str, npt.ArrayLike]
    ) -> tuple[Values, Values]:
        if not {"N", "D"} <= set(self.variables):
            raise LawError(f"law {self.id}: no optimum over N and D, it has {self.variables}")
        budget = _numbers("C", C)
        filled = {k: ex.parse(t) for k, t in self.defaults.items() if k not in others}
        given = {k: np.asarray(v, dtype=float) for k, v in others.items()}
        return compute_optimal(ex.substitute(self.tree, filled), {**self.values, **given}, budget)

    def with_constants(self, name: str | None = None, /, **values: float) -> Law:
        """The same law with another published set (by name) or with other values.

        Raises
        ------
        LawError
            For an unknown set or constant, naming those that there are.
        """
        constants, set_name = self.values, self.set_name
        if name is not None:
            if not isinstance(name, str):
                raise LawError(f"law {self.id}: name must be a text, not {shown(name)}")
            if name not in self.sets:
                raise LawError(
                    f"law {self.id}: no constant set {shown(name)}; there are "
                    f"{', '.join(self.sets)}{spelling_hint(name[:80], self.sets)}"
                )
            constants, set_name = dict(self.sets[name].values), name
        for key in values:
            if key not in constants:
                raise LawError(
                    f"law {self.id}: no constant {key!r}; it has {', '.join(constants)}"
                    f"{spelling_hint(key, constants)}"
                )
        if values:
            set_name = "user"
        return replace(self, constants={**constants, **values}, set_name=set_name)

    def latex(self) -> str:
        """The equation as LaTeX, definitions kept by name where there are any."""
        texts = {self.output: self.equation, **self.definitions}
        numbered = {name: f"{name}_i" for name in self.items if name != "i"}
        rows = [
            f"{forms.latex_name(name)} &= {forms.to_latex(ex.rename(ex.parse(text), numbered))}"
            for name, text in texts.items()
        ]
        return "\\begin{aligned} " + " \\\\ ".join(rows) + " \\end{aligned}"

    @checked(LawError, "law")
    def vega(self, names: Mapping[str, str]) -> str:
        """The equation as a Vega expression; ``names`` says how each symbol is called there. Sums
        over items are written out, with the items that the law brings along."""
        missing = [s for s in ex.symbols(self.tree) if s not in names and s not in self.items]
        if missing:
            raise LawError(f"law {self.id}: names says nothing of {', '.join(missing)}")
        return forms.to_vega(self.tree, names, self.default_items)

    @checked(LawError, "law")
    def chart(self, x: str | None = None, at: Mapping[str, float] | None = None) -> alt.LayerChart:
        """The law against ``x`` as an Altair chart whose constants are sliders.

        They are parameters of Vega: a chart saved by ``chart.save("law.html", inline=True)`` works
        without Python. Arguments and errors are those of :func:`scalewidgets.charts.law_chart`.
        """
        # The one look upwards, for people's convenience: nothing else here knows of charts.
        from ..charts import law_chart

        return law_chart(self, x, at)

    def __str__(self) -> str:
        numbers = ", ".join(f"{k}={v:g}" for k, v in self.values.items())
        return f"{self.id}: {self.output} = {self.equation}  [{self.set_name}: {numbers}]"

    def __repr__(self) -> str:
        return f"Law({self})"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


def _numbers(name: str, value: Any, dimensions: int | None = None) -> Values:
    """What is given for a name, as numbers."""
    try:
        found = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None or dimensions not in (None, found.ndim):
        what = "a number" if dimensions == 0 else "numbers"
        hint = "; 7B is 7e9" if isinstance(value, str) else ""
        raise LawError(f"law: {name} takes {what}, not {shown(value)}{hint}")
    return found


def _defined(name: str, text: object) -> ex.Tree:
    if not isinstance(text, str):
        raise LawError(f"law: definitions: {name!r} must be a text, not {shown(text)}")
    try:
        return ex.parse(text)
    except ExpressionError as error:
        raise LawError(f"law: definitions: {name!r}: {error}") from error


def _owned(result: Values, shape: tuple[int, ...], given: Iterable[Values]) -> Values:
    """The result in full, in memory of its own: a broadcast view is read-only, and the law "N"
    would hand out the caller's array."""
    if result.shape == shape and result.base is None and not any(result is a for a in given):
        return result
    return np.broadcast_to(result, shape).copy()


def spelling_hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f". Did you mean {close[0]!r}?" if close else ""
