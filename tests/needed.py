"""What a test needs and may not have here: without it the test skips, in CI it fails."""

import os
from importlib import import_module
from typing import Any, NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Ends a test, or a module of tests, that cannot run here."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)


def needed_module(name: str) -> Any:
    """A module that comes with an extra."""
    try:
        return import_module(name)
    except ImportError:
        lacking(f"{name} is not installed")
