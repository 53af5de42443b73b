"""Yosys for tests: without it they skip, in CI they fail."""

from adequate.accelerators import Yosys
from tests.needed import lacking


def require_yosys() -> Yosys:
    """The Yosys that is installed."""
    try:
        return Yosys.installed()
    except FileNotFoundError as error:
        lacking(str(error))
