"""Simulations are compiled once for equal Verilog."""

from pathlib import Path

import pytest

from tests.circuits.running import require_tool


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled simulations are kept."""
    require_tool("iverilog")
    require_tool("vvp")
    return tmp_path_factory.mktemp("builds")
