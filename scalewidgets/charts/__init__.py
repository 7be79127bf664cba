"""Pictures in Altair: pure functions from results to charts."""

from .law import law_chart
from .loss import loss_chart

__all__ = ["law_chart", "loss_chart"]
