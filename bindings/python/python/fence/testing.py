"""For tests: a clock that stands where it is put."""

from ._fence import ManualClock

__all__ = ["ManualClock"]
