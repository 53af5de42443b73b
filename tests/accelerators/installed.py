"""Yosys for tests: without it they skip, in CI they fail."""

import os

import pytest

from adequate.accelerators import Yosys


def require_yosys() -> Yosys:
    """The Yosys that is installed."""
    try:
        return Yosys.installed()
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
