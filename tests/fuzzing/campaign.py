"""Many cases over a few processes, which may die of them."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzzing.cases import case
from tests.fuzzing.confinement import BYTES
from tests.fuzzing.seeds import Seed, save_seeds

ROOT = Path(__file__).parents[2]
MOST_DEATHS = 20
"""Processes that a campaign may lose; each costs some seconds."""


@dataclass(frozen=True)
class Outcome:
    """How one case went: ``result`` is "read", "refused" or what went wrong; ``peak`` in bytes."""

    number: int
    seed: str
    result: str
    message: str = ""
    trace: tuple[str, ...] = ()
    seconds: float = 0.0
    peak: int = 0

    @property
    def failed(self) -> bool:
        return self.result not in ("read", "refused")


@dataclass(frozen=True)
class Campaign:
    """Outcomes in the order of their cases; the files of those that failed lie in ``folder/failed/NUMBER``."""

    outcomes: tuple[Outcome, ...]
    folder: Path

    @property
    def failures(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.failed)

    def __str__(self) -> str:
        slowest = max(self.outcomes, key=lambda one: one.seconds)
        largest = max(self.outcomes, key=lambda one: one.peak)
        results = Counter("failed" if one.failed else one.result for one in self.outcomes)
        lines = [
            f"{len(self.outcomes)} cases: {dict(results)}",
            f"slowest {slowest.seconds} s (case {slowest.number}), most {largest.peak / 2**20:.0f} MiB "
            f"(case {largest.number})",
        ]
        lines += [
            f"case {one.number} ({one.seed}), in {self.folder / 'failed' / str(one.number)}: {one.result}: "
            f"{one.message}\n{''.join(one.trace)}"
            for one in self.failures
        ]
        return "\n".join(lines)


def run(
    seeds: Sequence[Seed],
    numbers: range,
    folder: Path,
    *,
    doors: str = "tests.fuzzing.doors",
    processes: int = 1,
    limit: int = BYTES,
) -> Campaign:
    """Reads the cases of these numbers in processes that are watched; ``limit`` are the bytes one may hold."""
    save_seeds(folder / "seeds", seeds)
    shares = [numbers[index::processes] for index in range(processes)]
    with ThreadPoolExecutor(processes) as threads:
        found = threads.map(
            lambda index: _share(folder, f"worker{index}", (doors, str(limit)), shares[index]), range(processes)
        )
        outcomes = sorted((one for share in found for one in share), key=lambda one: one.number)
    for outcome in outcomes:
        if outcome.failed:
            case(seeds, outcome.number).write(folder / "failed" / str(outcome.number))
    return Campaign(tuple(outcomes), folder)


def _share(folder: Path, name: str, options: tuple[str, str], numbers: range) -> list[Outcome]:
    """The outcomes of one share; a process that dies has failed the case it was at, and another goes on behind it."""
    here, left, deaths = folder / name, numbers, 0
    here.mkdir()
    while left:
        command = [sys.executable, "-m", "tests.fuzzing.worker", folder / "seeds", here, *options]
        limits = [str(left.start), str(left.stop), str(left.step)]
        quiet = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        printed = here / f"printed{deaths}.txt"
        with printed.open("wb") as file:
            environment = {**os.environ, **quiet}
            died = subprocess.run([*map(str, command), *limits], cwd=ROOT, env=environment, stdout=file, stderr=file)
        noted, said = _noted(here), printed.read_text(errors="replace")[-3000:]
        if died.returncode == 0:
            break
        deaths += 1
        if not noted or "result" in noted[-1] or deaths > MOST_DEATHS:
            raise RuntimeError(f"the process that reads ends with {died.returncode}: {said}")
        number = noted[-1]["number"]
        why = "took too long" if "Timeout (" in said else f"ended the process ({died.returncode})"
        ended = {**noted[-1], "result": why, "message": said}
        with (here / "outcomes.jsonl").open("a") as notes:
            print(json.dumps(ended), file=notes)
        left = range(number + left.step, left.stop, left.step)
    return [Outcome(**{**one, "trace": tuple(one.get("trace", ()))}) for one in _noted(here) if "result" in one]


def _noted(here: Path) -> list[dict]:
    notes = here / "outcomes.jsonl"
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
