"""Processes that train together take the steps of one process that has the whole batch."""

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from adequate.condensing import tune
from adequate.data import load
from adequate.design import Design
from adequate.finetuning import Recipe, Team
from adequate.network import trace
from adequate.run import Run
from adequate.storage import load_tensors

ROOT = Path(__file__).parents[2]
NEVER = 0


def trained(folder: Path, processes: int, *, epochs: int = 2, last: int = NEVER) -> list[tuple[Any, list[Any]]]:
    """Weights and steps as each process has them."""
    folder.mkdir(exist_ok=True)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    script = ["-m", "tests.finetuning.trained_together", str(folder), str(epochs), str(last)]
    line = [sys.executable, *(torchrun if processes > 1 else []), *script]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = [load_tensors(file) for file in sorted(folder.glob("tuned*.safetensors"))]
    return [(tensors, json.loads(notes["steps"])) for tensors, notes in files]


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    [(expected, steps)] = trained(tmp_path / "one", 1)
    found = trained(tmp_path / "two", 2)
    assert len(found) == 2
    for name, value in expected.items():
        assert torch.equal(found[0][0][name], found[1][0][name])
        assert torch.allclose(found[0][0][name], value, rtol=1e-4, atol=1e-6)
    for _, taken in found:
        assert [step for step, *_ in taken] == [step for step, *_ in steps] == list(range(1, len(steps) + 1))
        assert [loss for _, loss, _ in taken] == pytest.approx([loss for _, loss, _ in steps], rel=1e-5)
        assert [accuracy for *_, accuracy in taken] == [accuracy for *_, accuracy in steps]
    assert sorted(file.name for file in (tmp_path / "two").glob("checkpoint*")) == ["checkpoint0.safetensors"]


@pytest.mark.slow
def test_two_processes_go_on_from_the_first_ones_checkpoint(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 2)
    assert trained(tmp_path / "ended", 2, last=5) == []
    resumed = trained(tmp_path / "ended", 2)
    for name, value in whole[0][0].items():
        assert torch.equal(resumed[0][0][name], value)
        assert torch.equal(resumed[1][0][name], value)
    assert resumed[0][1] == resumed[1][1] == whole[0][1][4:]


@pytest.mark.parametrize(("size", "images"), [(1, 7), (2, 7), (3, 7), (3, 2), (4, 4)])
def test_the_mean_of_the_shares_is_that_of_the_batch(size: int, images: int) -> None:
    x = torch.randn(images, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.arange(images)
    shares = [Team(rank, size).share(x, y) for rank in range(size)]
    assert torch.cat([labels for _, labels, weight in shares if weight]).tolist() == y.tolist()
    assert all(len(mine) == len(labels) > 0 for mine, labels, _ in shares)
    mean = sum(float(mine.square().mean()) * weight for mine, _, weight in shares) / size
    assert mean == pytest.approx(float(x.square().mean()), rel=1e-12)


def test_what_needs_whole_batches_is_refused() -> None:
    network = trace(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval(), torch.zeros(2, 1, 4, 4))
    Team().check(network, Recipe(error_penalty=1.0))
    with pytest.raises(ValueError, match="layer '1': a batch normalisation sees a share of the batch in each of 2"):
        Team(1, 2).check(network, Recipe())
    plain = trace(nn.Sequential(nn.Linear(3, 2)), torch.zeros(2, 3))
    Team(0, 2).check(plain, Recipe())
    with pytest.raises(ValueError, match="error_penalty is of whole batches; 2 processes have shares"):
        Team(0, 2).check(plain, Recipe(error_penalty=1.0))


def test_a_job_that_is_refused_claims_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adequate.condensing.together", lambda: nullcontext(Team(0, 2)))
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 10)).eval()
    with pytest.raises(ValueError, match="layer '0': a batch normalisation sees a share of the batch in each of 2"):
        tune(trace(model, torch.zeros(2, 1, 8, 8)), load("digits"), Run(tmp_path / "run"), Design(), epochs=1)
    assert not (tmp_path / "run").exists()
