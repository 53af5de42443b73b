"""``torchrun ... adequate finetune``: the training of one process, kept and told once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from adequate.design import Design
from adequate.formats import Fixed
from adequate.run import Run
from adequate.storage import load_tensors
from tests.cli.test_search_on_cluster import interruptible

pytestmark = pytest.mark.slow

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--no-python", "--")
ADEQUATE = (sys.executable, "-m", "adequate.cli", "finetune")
ALONE = "adequate: another process of this fine-tuning has ended, and so does this one"
GO_ON = "adequate: interrupted; go on with: torchrun --standalone --nproc-per-node=2 "
SECOND_IS_KILLED = """
test $RANK = 0 && exec "$@"
"$@" &
until ls run/tuned/* >/dev/null 2>&1; do sleep 0.1; done
kill -9 $!
"""


@pytest.fixture
def asked(digits: tuple[object, ...], tmp_path: Path) -> tuple[str, ...]:
    """The command without epochs and run."""
    layers = ("conv1", "conv2", "fc1", "fc2")
    Design().with_layers(layers, weight=Fixed(4, 4), output=Fixed(8, 3)).save(tmp_path / "design.json")
    return (*ADEQUATE, *map(str, digits), "--design", "design.json", "--threads", "1", "--json")


def told(*line: object, fails: bool = False) -> tuple[dict[str, Any], list[str]]:
    """The one answer, and the lines on standard error that are adequate's."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*map(str, line)], capture_output=True, text=True, env=environment)
    assert bool(done.returncode) == fails, done.stderr
    assert bool(done.stdout) != fails
    lines = done.stderr.splitlines()
    return json.loads(done.stdout or "{}"), [one for one in lines if one.startswith("adequate: ")] if fails else lines


def trained(run: Path) -> dict[str, Tensor]:
    """The float weights after the last step."""
    [checkpoint] = (run / "tuned").iterdir()
    tensors, _ = load_tensors(checkpoint)
    return {name: value for name, value in tensors.items() if name.startswith("now.")}


def when_kept(run: Path) -> int:
    """When the last epoch was, in ns; 0 before the first."""
    return max((checkpoint.stat().st_mtime_ns for checkpoint in (run / "tuned").glob("*.safetensors")), default=0)


def test_two_train_as_one_and_the_first_keeps_the_run(asked: tuple[str, ...], tmp_path: Path) -> None:
    one, two = Run(tmp_path / "one"), Run(tmp_path / "two")
    alone, _ = told(*asked, "--epochs", 1, "--run", "one")
    answer, said = told(*TORCHRUN, *asked, "--epochs", 1, "--run", "two")
    expected, found = trained(one.folder), trained(two.folder)
    for name, value in found.items():
        assert torch.allclose(value, expected[name], rtol=1e-4, atol=1e-6)
    assert answer["baseline"] == alone["baseline"]
    assert said == [
        "data set digits", "tracing digits-cnn", "fine-tuning by 2 processes", "validation images", "test images",
        "condensed weights", "report",
    ]  # fmt: skip
    assert {path.name for path in two.folder.rglob("*")} == {path.name for path in one.folder.rglob("*")}
    [command] = two.facts()["commands"]
    assert command.startswith("torchrun --standalone --nproc-per-node=2 --no-python -- adequate finetune digits-cnn ")
    again, _ = told(*TORCHRUN, *asked, "--epochs", 1, "--run", "two")
    counts = {"evaluations": 0, "reused": answer["evaluations"]}
    assert again == {**answer, **counts}
    _, complaint = told(*asked, "--epochs", 1, "--run", "two", fails=True)
    assert complaint == ["adequate: two holds another run: its processes is 2, asked for is 1; choose another folder"]


def test_interrupted_they_go_on_to_the_same_weights(asked: tuple[str, ...], tmp_path: Path) -> None:
    line = (*TORCHRUN, *asked, "--epochs", "20", "--batch-size", "16", "--run")
    told(*line, "whole")
    kept = 0
    for by in (signal.SIGINT, signal.SIGTERM):
        begun = subprocess.Popen([*line, "ended"], stderr=subprocess.PIPE, text=True, preexec_fn=interruptible)
        before = kept
        while (kept := when_kept(tmp_path / "ended")) == before:
            assert begun.poll() is None
            time.sleep(0.05)
        begun.send_signal(by)
        _, err = begun.communicate()
        [said] = (one for one in err.splitlines() if one.startswith("adequate: "))
        assert said.startswith(GO_ON)
        assert not (tmp_path / "ended" / "weights.safetensors").exists()
        kept = when_kept(tmp_path / "ended")
    told(*line, "ended")
    ended, whole = (Run(tmp_path / name).weights_file.read_bytes() for name in ("ended", "whole"))
    assert ended == whole


def test_who_differs_is_told_once(asked: tuple[str, ...], tmp_path: Path) -> None:
    line = (*TORCHRUN, "sh", "-c", 'exec "$@" --seed $RANK', "sh", *asked, "--epochs", 40, "--run", "run")
    _, complaint = told(*line, fails=True)
    assert complaint == ["adequate: process 1 of 2 has another seed than the first: 1, not 0"]
    assert not (tmp_path / "run").exists()


def test_a_process_that_is_left_alone_says_so_once(asked: tuple[str, ...], tmp_path: Path) -> None:
    """The shell lives on, so that torchrun sees nothing amiss before."""
    line = (*TORCHRUN, "sh", "-c", f"{SECOND_IS_KILLED}exec sleep 600", "sh", *asked, "--epochs", 40, "--run", "run")
    _, complaint = told(*line, fails=True)
    assert complaint == [ALONE]
    assert (tmp_path / "run").exists()


def test_an_end_that_torchrun_sees_is_told_once(asked: tuple[str, ...], tmp_path: Path) -> None:
    """By the other process, which finds that it is alone, or is ended by torchrun before it does."""
    line = (*TORCHRUN, "sh", "-c", f"{SECOND_IS_KILLED}wait $!", "sh", *asked, "--epochs", 40, "--run", "run")
    _, [complaint] = told(*line, fails=True)
    assert complaint == ALONE or complaint.startswith(GO_ON)
    assert (tmp_path / "run").exists()
