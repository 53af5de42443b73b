"""The public names: one list, loaded lazily, and the same for type checkers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import adequate


def test_every_public_name_is_there_and_typed() -> None:
    stub = ast.parse(Path(adequate.__file__).with_suffix(".pyi").read_text())
    typed = {
        alias.asname: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert sorted(typed) == adequate.__all__ == dir(adequate)
    for name, module in typed.items():
        assert getattr(adequate, name) is getattr(sys.modules[module], name)


def test_an_unknown_name_is_named_with_the_alternatives() -> None:
    with pytest.raises(AttributeError, match="adequate has no 'quantise'; it has Accumulator, "):
        _ = adequate.quantise


def test_the_package_itself_does_not_load_torch() -> None:
    code = "import adequate, sys; assert 'torch' not in sys.modules; adequate.Fixed; assert 'torch' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
