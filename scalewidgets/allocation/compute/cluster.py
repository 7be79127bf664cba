"""What a cluster of accelerators does with FLOPs: time, chip time, money."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...lawbook.door import checked, shown
from ...lawbook.quantity import named_quantity
from ..cost import INFERENCE_FLOPS, Array
from .hardware import Accelerator, HardwareError, accelerator

_MOST_BITS = 64
Work = Literal["training", "prefill", "generation"]


@checked(HardwareError)
@dataclass(frozen=True)
class Cluster:
    """Chips, how well they are used, and what they cost.

    Parameters
    ----------
    accelerator : str or Accelerator
        One of :func:`hardware`'s table, such as ``"H100"``, or one of one's own.
    count : int
        Chips.
    utilisation : float
        Share of the peak that training reaches, counted in the model's FLOPs (MFU). An assumption:
        Llama 3 405B reached 0.38 to 0.43 on H100 (Llama team 2024, Table 4).
    price_per_hour : float or str, optional
        Dollars a chip and hour; the table's, an assumption, where left out.
    precision : str
        Whose peak is meant.
    prefill_utilisation, generation_utilisation : float
        The same for serving: for tokens that are read, and for tokens that are written, which wait
        for the memory. The defaults are those of the code of Sardana et al. 2024.

    Raises
    ------
    HardwareError
        For an unknown accelerator, a precision that it does not have, a utilisation outside of 0 to
        1, or a count or price that makes no sense.

    Examples
    --------
    >>> cluster = Cluster("H100", count=1024, utilisation=0.4, price_per_hour=2.0)
    >>> f"{cluster.gpu_hours('5.88e23 FLOP'):.3g} {cluster.flops(days=30):.3g}"
    '4.13e+05 1.05e+24'
    """

    accelerator: Accelerator | str
    count: int = 1
    utilisation: float = 0.4
    price_per_hour: float | str | None = None
    precision: str = "bf16"
    prefill_utilisation: float = 0.5
    generation_utilisation: float = 0.01

    def __post_init__(self) -> None:
        whole = isinstance(self.count, int) and not isinstance(self.count, bool)
        if not whole or self.count < 1:
            raise HardwareError(f"cluster: count must be a whole number of chips: {self.count!r}")
        if self.precision not in self.chip.peak:
            raise HardwareError(
                f"cluster: {self.chip.name} has no peak for {shown(self.precision)}; it has "
                f"{', '.join(self.chip.peak)}"
            )
        for work in ("training", "prefill", "generation"):
            share = self._utilisation(work)
            argument = "utilisation" if work == "training" else f"{work}_utilisation"
            if not 0 < share <= 1:
                hint = f"; {share:g} % is {share / 100:g}" if 1 < share <= 100 else ""
                raise HardwareError(
                    f"cluster: {argument} is a share of the peak, above 0 and at most 1, "
                    f"not {share!r}{hint}"
                )
        if self.price_per_hour is not None and not self.price > 0:
            raise HardwareError(f"cluster: price_per_hour must be positive: {self.price!r}")

    @cached_property
    def chip(self) -> Accelerator:
        """The accelerator with its figures."""
        chip = self.accelerator
        return accelerator(chip) if isinstance(chip, str) else chip

    @property
    def price(self) -> float:
        """Dollars a chip and hour.

        Raises
        ------
        HardwareError
            When none is given and the table has none.
        """
        price = self.chip.price_per_hour if self.price_per_hour is None else self.price_per_hour
        if price is None:
            raise HardwareError(
                f"cluster: no price is known for {self.chip.name}; give price_per_hour="
            )
        return named_quantity("cluster: price_per_hour", price, "dollars")

    @property
    def price_is_assumed(self) -> bool:
        """Whether the price is the table's, an assumption."""
        return self.price_per_hour is None

    @property
    def peak(self) -> float:
        """FLOP/s of all chips, dense, at the precision."""
        return self.count * self.chip.peak[self.precision]

    @property
    def memory(self) -> float:
        """Bytes of all chips."""
        return self.count * float(self.chip.memory)

    def _utilisation(self, work: str) -> float:
        shares = {
            "training": self.utilisation,
            "prefill": self.prefill_utilisation,
            "generation": self.generation_utilisation,
        }
        if work not in shares:
            raise HardwareError(f"cluster: work must be one of {', '.join(shares)}, not {work!r}")
        return shares[work]

    @checked(HardwareError, "cluster")
    def flops_per_second(self, work: Work = "training") -> float:
        """What is reached: peak times utilisation, FLOP/s."""
        return self.peak * self._utilisation(work)

    @checked(HardwareError, "cluster")
    def seconds(self, flops: npt.ArrayLike | str, work: Work = "training") -> Array:
        """Wall-clock time for so many FLOPs, seconds.

        Parameters
        ----------
        flops : array_like or str
            Such as ``1e24`` or ``"3640 PFLOP-days"``.
        work : {"training", "prefill", "generation"}
            Which utilisation counts.

        Returns
        -------
        numpy.ndarray
            Of the shape of flops.

        Raises
        ------
        HardwareError, QuantityError
            For negative FLOPs, a text that is no number of FLOPs, or unknown work.
        """
        return _amount("flops", flops, "FLOP") / self.flops_per_second(work)

    @checked(HardwareError, "cluster")
    def days(self, flops: npt.ArrayLike | str, work: Work = "training") -> Array:
        """As :meth:`seconds`, in days."""
        return self.seconds(flops, work) / 86_400

    @checked(HardwareError, "cluster")
    def gpu_hours(self, flops: npt.ArrayLike | str, work: Work = "training") -> Array:
        """As :meth:`seconds`, in hours of one chip."""
        return self.seconds(flops, work) * (self.count / 3_600)

    @checked(HardwareError, "cluster")
    def cost(self, flops: npt.ArrayLike | str, work: Work = "training") -> Array:
        """As :meth:`seconds`, in dollars.

        Raises
        ------
        HardwareError
            Also when no price is known.
        """
        return self.gpu_hours(flops, work) * self.price

    @checked(HardwareError, "cluster")
    def flops(
        self,
        *,
        days: npt.ArrayLike | str | None = None,
        dollars: npt.ArrayLike | str | None = None,
        gpu_hours: npt.ArrayLike | str | None = None,
        work: Work = "training",
    ) -> Array:
        """What can be computed with a budget, FLOPs.

        Parameters
        ----------
        days, dollars, gpu_hours : array_like or str
            One of them, such as ``days=30``, ``days="36 h"``, ``dollars="$2M"``,
            ``gpu_hours="512 GPU-hours"``.

        Returns
        -------
        numpy.ndarray
            Of the shape of the budget.

        Raises
        ------
        HardwareError, QuantityError
            When not exactly one is given, it is negative or a text of another kind, or no price is
            known for dollars.
        """
        if sum(budget is not None for budget in (days, dollars, gpu_hours)) != 1:
            raise HardwareError("cluster: give one of days, dollars and gpu_hours")
        with np.errstate(over="ignore"):  # infinite, as NumPy has it
            return self._flops(days, dollars, gpu_hours, work)

    def _flops(
        self,
        days: npt.ArrayLike | str | None,
        dollars: npt.ArrayLike | str | None,
        gpu_hours: npt.ArrayLike | str | None,
        work: Work,
    ) -> Array:
        if days is not None:
            return _amount("days", days, "days") * 86_400 * self.flops_per_second(work)
        if dollars is not None:
            hours = _amount("dollars", dollars, "dollars") / self.price
        else:
            assert gpu_hours is not None
            hours = _amount("gpu_hours", gpu_hours, "GPU-hours")
        return hours * 3_600 * self.flops_per_second(work) / self.count

    @checked(HardwareError, "cluster")
    def generation_limit(
        self, N: npt.ArrayLike | str, *, bits: float = 16.0, batch: npt.ArrayLike = 1.0
    ) -> Array:
        """The most tokens a second that N parameters can write, whatever the software.

        Each step reads all weights once and writes a token of each sequence in the batch: the
        memory's bandwidth is the limit until 2N FLOPs a token are (the roofline; Pope et al.
        2022). What is read of keys and values is left out, so that long sequences are slower.

        Parameters
        ----------
        N : array_like or str
            Parameters that one token passes through.
        bits : float
            Of a stored weight.
        batch : array_like
            Sequences written at once.

        Returns
        -------
        numpy.ndarray
            Tokens/s of the whole cluster, of the broadcast shape.
        """
        params = _amount("N", N, "params")
        if not 0 < bits <= _MOST_BITS:
            raise HardwareError(f"cluster: bits must be from 0 to {_MOST_BITS}, not {bits!r}")
        with np.errstate(all="ignore"):  # a model of no parameters has no limit
            steps = self.count * self.chip.bandwidth / (params * bits / 8)
            return np.asarray(
                np.minimum(steps * np.asarray(batch, float), self.peak / (INFERENCE_FLOPS * params))
            )

    def __str__(self) -> str:
        price = ""
        if not self.price_is_assumed or self.chip.price_per_hour is not None:
            assumed = " (assumed)" if self.price_is_assumed else ""
            price = f", ${self.price:g} an hour{assumed}"
        return (
            f"{self.count} {self.chip.name}: {self.flops_per_second():.3g} FLOP/s at "
            f"{self.utilisation:g} of the {self.precision} peak{price}"
        )


def _amount(name: str, value: npt.ArrayLike, unit: str) -> Array:
    """An amount in its unit; NaN, a draw without a solution, passes."""
    told = named_quantity(f"cluster: {name}", value, unit) if isinstance(value, str) else value
    amount = np.asarray(told, float)
    if np.any(amount < 0):
        raise HardwareError(f"cluster: {name} must not be negative: {shown(value)}")
    return amount
