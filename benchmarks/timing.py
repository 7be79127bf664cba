"""What all kernel benchmarks time by."""

import time

import pytest


def group(name: str) -> pytest.MarkDecorator:
    """Processor time, not the clock's: all this is work of one core, and machines are shared."""
    return pytest.mark.benchmark(group=name, timer=time.process_time)
