"""Runs killed at random moments and started again end as if nothing had happened; no file is ever half written."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from adequate.design import Design
from adequate.exploration.store import Store
from adequate.run import Run
from adequate.storage import load_tensors

Options = tuple[object, ...]
"""Part of a command."""

Finished = tuple[Path, Any]
"""The folder of a run and the answer of its command."""


pytestmark = pytest.mark.slow

KILLS = 10


def command(name: str, digits: tuple[object, ...], design: Path) -> list[str]:
    """A run of some seconds; its folder is still to be named."""
    more = {
        "condense": ("--margin", 1.0, "--finetune", 1),
        "finetune": ("--design", design, "--epochs", 40, "--outputs", "quantized"),
    }[name]
    return [sys.executable, "-m", "adequate.cli", name, *map(str, (*digits, *more, "--json", "--run"))]


def whole(folder: Path) -> None:
    """Every file that is there can be read to its end."""
    run = Run(folder)
    assert run.facts()["identity"]
    if run.design_file.exists():
        Design.load(run.design_file)
    for file in (*folder.glob("*.safetensors"), *folder.glob("tuned/*.safetensors")):
        load_tensors(file)
    if run.ranges_file.exists():
        run.ranges()
    if run.report_file.exists():
        assert run.report_file.read_text().rstrip().endswith("</html>")
    if run.trials_file.exists() and run.trials_file.stat().st_size:
        with Store(run.trials_file) as store:
            store.trials()


def results(folder: Path) -> tuple[bytes, bytes, dict[str, object]]:
    """What a run is about."""
    run = Run(folder)
    facts = json.loads(run.facts_file.read_text())
    assert facts["results"] is not None
    return run.design_file.read_bytes(), run.weights_file.read_bytes(), facts["results"]


@pytest.mark.parametrize("name", ["condense", "finetune"])
def test_ten_kills_change_nothing(name: str, digits: Options, condensed: Finished, tmp_path: Path) -> None:
    line = command(name, digits, condensed[0] / "design.json")
    began = time.monotonic()
    subprocess.run([*line, str(tmp_path / "whole")], check=True, capture_output=True)
    seconds = time.monotonic() - began
    expected = results(tmp_path / "whole")
    moments = random.Random(name)
    kills = finished = 0
    folder = tmp_path / "run0"
    while kills < KILLS:
        process = subprocess.Popen([*line, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (folder / "run.json").exists() and process.poll() is None:
            time.sleep(0.01)
        try:
            assert process.wait(timeout=moments.uniform(0, seconds / 2)) == 0
            assert results(folder) == expected
            finished += 1
            folder = tmp_path / f"run{finished}"
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            whole(folder)
    subprocess.run([*line, str(folder)], check=True, capture_output=True)
    assert results(folder) == expected
    whole(folder)
