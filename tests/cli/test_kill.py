"""Runs killed at random moments and started again end as if nothing had happened; no file is ever half written."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
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


def attempts(line: list[str], place: Path, kills: int, longest: float) -> Iterator[tuple[Path, bool]]:
    """Starts a run again and again until so many were killed, each at a random moment of its first seconds.

    Gives the run's folder, and whether it had ended; then the next one begins in another folder.
    """
    moments = random.Random(" ".join(line[3:5]))
    killed = ended = 0
    while killed < kills:
        folder = place / f"run{ended}"
        process = subprocess.Popen([*line, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (folder / "run.json").exists() and process.poll() is None:
            time.sleep(0.01)
        try:
            assert process.wait(timeout=moments.uniform(0, longest)) == 0
            ended += 1
            yield folder, True
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            yield folder, False


@pytest.mark.parametrize("name", ["condense", "finetune"])
def test_ten_kills_change_nothing(name: str, digits: Options, condensed: Finished, tmp_path: Path) -> None:
    line = command(name, digits, condensed[0] / "design.json")
    began = time.monotonic()
    subprocess.run([*line, str(tmp_path / "whole")], check=True, capture_output=True)
    seconds = time.monotonic() - began
    expected = results(tmp_path / "whole")
    folder = tmp_path / "run0"
    for folder, ended in attempts(line, tmp_path, KILLS, seconds / 2):
        if ended:
            assert results(folder) == expected
        else:
            whole(folder)
    subprocess.run([*line, str(folder)], check=True, capture_output=True)
    assert results(folder) == expected
    whole(folder)


LOGGED = """
import sys
from adequate.cli import main
from adequate.exploring.judge import Judge

answered = Judge.trial

def logged(judge, design, epochs=0, split="validation", **more):
    with open(sys.argv[-1] + ".log", "a") as log:
        print(design.digest, epochs, split, file=log)
    return answered(judge, design, epochs, split, **more)

Judge.trial = logged
main(sys.argv[1:])
"""
"""The program, with a line in a log beside the run's folder for every trial that begins."""

Asked = tuple[str, int, str]
"""A question: design, epochs, split."""


def begun(folder: Path) -> list[Asked]:
    """The trials that began, in order."""
    log = folder.with_name(f"{folder.name}.log")
    lines = log.read_text().splitlines() if log.exists() else []
    return [(digest, int(epochs), split) for digest, epochs, split in map(str.split, lines)]


def stored(folder: Path) -> set[Asked]:
    """The trials that are known."""
    if not Run(folder).trials_file.exists():
        return set()
    with Store(Run(folder).trials_file) as store:
        return {(one.digest, one.epochs, one.split) for one in store.records()}


def front(folder: Path) -> tuple[object, dict[str, bytes]]:
    """What a search is about."""
    found = Run(folder).facts()["results"]
    assert found is not None
    return found, {file.name: file.read_bytes() for file in (folder / "front").iterdir()}


def test_twenty_kills_of_a_search_evaluate_no_finished_trial_again(digits: Options, tmp_path: Path) -> None:
    asked = ("--strategy", "evolutionary", "--trials", 60, "--margin", 2, "--objective", "stored_bits,cycles@stripes")
    line = [sys.executable, "-c", LOGGED, "search", *map(str, (*digits, *asked, "--json", "--run"))]
    began = time.monotonic()
    subprocess.run([*line, str(tmp_path / "whole")], check=True, capture_output=True)
    seconds = time.monotonic() - began
    expected, questions = front(tmp_path / "whole"), stored(tmp_path / "whole")
    assert len(begun(tmp_path / "whole")) == len(questions) > 60
    folder, known, before, killed = tmp_path / "run0", set[Asked](), 0, 0
    for folder, ended in attempts(line, tmp_path, 2 * KILLS, seconds / 4):
        assert not known & set(begun(folder)[before:])
        known, before, killed = stored(folder), len(begun(folder)), killed + 1
        if ended:
            assert front(folder) == expected
            assert known == questions
            assert len(begun(folder)) < len(questions) + killed
            known, before, killed = set(), 0, 0
        else:
            whole(folder)
    subprocess.run([*line, str(folder)], check=True, capture_output=True)
    assert not known & set(begun(folder)[before:])
    assert front(folder) == expected
    assert stored(folder) == questions
