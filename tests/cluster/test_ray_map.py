"""A map over processes: every answer once, whatever ends in between, and the same figures as in one process."""

import os
import signal
import time
from collections.abc import Generator as Strategy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator

from adequate.cluster import ray_map
from adequate.design import Design
from adequate.exploration import Query, Store, Trial, dynamic_fixed, evolutionary, search
from adequate.exploring import explore
from adequate.formats import Fixed
from adequate.run import Run
from tests.cluster import toy

pytestmark = pytest.mark.slow


class Dies:
    """Ends its process at 3, the first ``times`` times; notes every question it is asked."""

    def __init__(self, folder: Path, times: int) -> None:
        self.folder, self.times = folder, times

    def __call__(self, question: int) -> int:
        number = len(list(self.folder.glob(f"{question}-*")))
        (self.folder / f"{question}-{number}").touch()
        if question == 3 and number < self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return question * question


class Opened:
    """Notes every time it arrives in a process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.numbers = folder, torch.arange(1_000_000)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opened) and self.folder == other.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def __call__(self, question: int) -> tuple[int, int, int, str]:
        time.sleep(0.05)
        value = int(self.numbers[question])
        return question, value, torch.get_num_threads(), mapped_from(self.numbers.data_ptr())


def mapped_from(address: int) -> str:
    """The file that the memory at an address is of."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, *_, file = line.split(maxsplit=5)
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= address < high:
            return file
    return ""


def fails(question: int) -> int:
    error = ValueError(f"no answer to {question}")
    error.add_note("a note")
    raise error


def slowly(design: Design) -> dict[str, float]:
    time.sleep(0.5)
    return {"accuracy": 0.5, "stored_bits": len(design)}


def asking(questions: list[Query]) -> Strategy[list[Query], list[Trial], None]:
    yield questions


def test_every_answer_once_and_what_a_dead_worker_was_at_is_asked_again(two_nodes: Any, tmp_path: Path) -> None:
    with ray_map() as cluster:
        twice, always = tmp_path / "twice", tmp_path / "always"
        twice.mkdir()
        always.mkdir()
        assert sorted(cluster(Dies(twice, 2), range(20))) == [n * n for n in range(20)]
        assert sorted(file.name for file in twice.iterdir()) == sorted([*(f"{n}-0" for n in range(20)), "3-1", "3-2"])
        with pytest.raises(ConnectionError, match="3 workers of the cluster ended at one question, 3: "):
            list(cluster(Dies(always, 99), range(20)))
        with pytest.raises(ValueError, match="no answer to 0") as caught:
            list(cluster(fails, [0]))
        assert caught.value.__notes__ == ["a note"]
        sent = tmp_path / "sent"
        sent.mkdir()
        answers = [answer for _ in range(2) for answer in cluster(Opened(sent), range(10))]
        assert sorted(answers)[::2] == sorted(answers)[1::2] == sorted(cluster(Opened(sent), range(10)))
        assert [answer[:3] for answer in sorted(answers)[::2]] == [(n, n, 1) for n in range(10)]
        assert all("plasma" in answer[3] for answer in answers), "tensors are read where Ray shares them"
        assert len(list(sent.iterdir())) == len({file.name.split("-")[0] for file in sent.iterdir()})


def test_a_search_finds_the_same_as_in_one_process(two_nodes: Any, tmp_path: Path) -> None:
    def found(folder: Path, map: Any) -> Any:
        def choose(space: Any, accuracy: float, objectives: Any, generator: Generator) -> Any:
            return evolutionary(space, objectives=objectives, trials=30, generator=generator)

        objectives = ("stored_bits", "energy_pj@pragmatic")
        return explore(toy.network(), toy.data(), Run(folder), choose, objectives=objectives, margin=5.0, map=map)

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = found(tmp_path / "alone", map)
        with ray_map() as cluster:
            together = found(tmp_path / "together", cluster)
            designs = [dynamic_fixed(alone.ranges, bits) for bits in (2, 3, 4)]
            questions = [Query(design, epochs=2) for design in designs]
            tuned = search(asking(questions), toy.bench(tmp_path / "tuned").trial, map=cluster)
        assert together.result == alone.result
        assert together.front == alone.front
        assert together.result.evaluations == alone.result.evaluations
        assert tuned == search(asking(questions), toy.bench(tmp_path / "alone_tuned").trial)
        assert len(list((tmp_path / "tuned" / "tuned").iterdir())) == 3, "checkpoints are in the run's folder"
    finally:
        torch.set_num_threads(before)


def test_a_node_that_is_killed_loses_and_doubles_nothing(two_nodes: Any, tmp_path: Path) -> None:
    questions = [Query(Design(), epochs=0, split="validation")] + [Query(of(bits)) for bits in range(2, 22)]
    told: list[Trial] = []

    def kill_at_five(trial: Trial, _: bool) -> None:
        told.append(trial)
        if len(told) == 5:
            two_nodes.remove_node(two_nodes.worker_nodes.copy().pop(), allow_graceful=False)

    with ray_map() as cluster, Store(tmp_path / "trials.db") as store:
        result = search(asking(questions), slowly, map=cluster, store=store, progress=kill_at_five)
        assert [trial.query for trial in store.trials()] == [trial.query for trial in told]
    assert sorted(told, key=lambda one: one.design.digest) == sorted(result.trials, key=lambda one: one.design.digest)
    assert [trial.query for trial in result.trials] == questions
    assert result.evaluations == len(told) == len(questions)


def of(bits: int) -> Design:
    return Design().with_layers("fc", weight=Fixed(bits, 1))
