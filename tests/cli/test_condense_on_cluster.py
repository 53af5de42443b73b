"""``adequate condense --ray``: the design and the weights of one process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adequate.run import Run
from tests.cli.test_search_on_cluster import needs_ray


def condensed(digits: tuple[object, ...], run: Path, *more: object) -> dict[str, Any]:
    """The answer without what names the run's folder."""
    asked = (*digits, "--format", "static_fixed", "--finetune", 1, "--threads", 1, "--run", run, "--json", *more)
    line = [sys.executable, "-m", "adequate.cli", "condense", *map(str, asked)]
    answer = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
    return {name: value for name, value in answer.items() if name not in ("design", "weights_file", "report")}


@needs_ray
@pytest.mark.slow
def test_a_cluster_condenses_the_same(digits: tuple[object, ...], tmp_path: Path) -> None:
    alone, cluster = Run(tmp_path / "alone"), Run(tmp_path / "cluster")
    expected = condensed(digits, alone.folder)
    assert condensed(digits, cluster.folder, "--ray", "local:2") == expected
    assert cluster.design_file.read_bytes() == alone.design_file.read_bytes()
    assert cluster.weights_file.read_bytes() == alone.weights_file.read_bytes()
    again = condensed(digits, cluster.folder)
    assert again == {**expected, "evaluations": 0, "reused": expected["evaluations"]}
