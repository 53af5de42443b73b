"""Torch without its log: it prints tracebacks of operands that do not fit, besides raising."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

LOGS = tuple(map(logging.getLogger, ("torch._subclasses.fake_tensor", "torch._export.non_strict_utils")))
"""Failures of shapes, and sizes that turn out not to be free: our own errors say either."""


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Within, what torch raises is all that is said."""
    before = [log.disabled for log in LOGS]
    for log in LOGS:
        log.disabled = True
    try:
        yield
    finally:
        for log, disabled in zip(LOGS, before, strict=True):
            log.disabled = disabled
