"""Optima under a budget, limits and bounds, for one set of constants or thousands."""
