"""Pictures in Altair: pure functions from results to charts."""

from .loss import loss_chart

__all__ = ["loss_chart"]
