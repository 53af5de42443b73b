"""``map`` over the processes of a Ray cluster."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from reprlib import repr as shortened
from types import TracebackType
from typing import Any, TypeVar

from adequate.cluster.connection import connected, first_line, ray_package
from adequate.cluster.parcel import Parcel
from adequate.cluster.worker import Worker, versions

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LOSSES = 3
"""So many workers may end while they are at one question, or one after another while they start."""

START_SECONDS = 120.0
"""How long to wait for a first worker to start."""


def ray_map(address: str | None = None, *, workers: int | None = None, threads: int = 1) -> "RayMap":
    """A ``map`` for ``search`` that runs trials on a Ray cluster, on so many workers of ``threads`` cores each.

    ``address`` is ``"auto"`` for a cluster that was started on this machine, HOST:PORT for one elsewhere, None for
    processes started here and ended with the map. Without ``workers`` there are as many as the cluster has cores for,
    counted anew as nodes come and go. It is closed at the end of a ``with`` block.

    >>> with ray_map(workers=2) as two:  # doctest: +SKIP
    ...     result = search(strategy, trial, map=two)

    Raises:
        FileNotFoundError: Ray is not installed.
        ConnectionError: there is no such cluster.
        ValueError: less than one worker or thread.
    """
    for name, count in (("workers", workers), ("threads", threads)):
        if count is not None and count < 1:
            raise ValueError(f"{name} is a number from 1, not {count}")
    ours = connected(address, None if workers is None else workers * threads)
    return RayMap(workers, threads, ours)


@dataclass(eq=False)
class _Process:
    """A worker and the parcel it has been sent."""

    actor: Any
    parcel: Any = None


class RayMap:
    """``map(function, questions)``: every answer once, in the order they arrive.

    The function, with all it refers to, goes into the cluster's shared memory and to every worker once, for as long as
    an equal one is asked. A worker that ends, by itself or with its node, is replaced, and the question it was at goes
    to another. What the function raises is raised here.
    """

    def __init__(self, workers: int | None, threads: int, ours: bool) -> None:
        self._ray = ray_package()
        self._workers, self._threads, self._ours = workers, threads, ours
        self._actor = self._ray.remote(Worker).options(num_cpus=threads, max_restarts=0, max_task_retries=0)
        self._function: Callable[[Any], Any] | None = None
        self._parcel: Any = None
        self._processes: list[_Process] = []
        self._asked: dict[Any, tuple[_Process, int | None]] = {}

    def __enter__(self) -> "RayMap":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers, and the cluster if it was started here."""
        for process in list(self._processes):
            self._end(process)
        self._function = self._parcel = None
        if self._ours:
            self._ray.shutdown()
            self._ours = False

    def __call__(self, function: Callable[[Question], Answer], questions: Sequence[Question]) -> Iterator[Answer]:
        """The answers.

        Raises:
            ConnectionError: no worker starts, or a question ends one worker after another.
            Exception: what the function raises.
        """
        self._pack(function)
        waiting = deque(range(len(questions)))
        losses: Counter[int | None] = Counter()
        try:
            while waiting or self._busy:
                self._recruit(len(waiting) + len(self._busy))
                self._give_out(waiting, questions)
                for reference in self._arrived():
                    process, number = self._asked.pop(reference)
                    try:
                        answer = self._ray.get(reference)
                    except self._ray.exceptions.RayTaskError as error:
                        raise error.cause from error
                    except self._ray.exceptions.RayError as error:
                        self._end(process)
                        losses[number] += 1
                        if losses[number] == LOSSES:
                            what = "their start" if number is None else f"one question, {shortened(questions[number])}"
                            raise ConnectionError(
                                f"{LOSSES} workers of the cluster ended at {what}: {first_line(error)}"
                            ) from error
                        if number is not None:
                            waiting.appendleft(number)
                    else:
                        if number is None:
                            losses[None] = 0
                        else:
                            yield answer
        finally:
            for process, _ in self._busy:
                self._end(process)

    @property
    def _busy(self) -> list[tuple[_Process, int]]:
        return [(process, number) for process, number in self._asked.values() if number is not None]

    def _pack(self, function: Callable[[Any], Any]) -> None:
        if self._parcel is None or function != self._function:
            self._function, self._parcel = function, self._ray.put(Parcel.of(function))

    def _recruit(self, questions: int) -> None:
        """As many workers as there are cores for, and questions."""
        room = self._workers or int(self._ray.cluster_resources().get("CPU", 0)) // self._threads
        while len(self._processes) < min(max(room, 1), questions):
            self._processes.append(_Process(self._actor.remote(self._threads)))

    def _give_out(self, waiting: deque[int], questions: Sequence[Any]) -> None:
        """Something to do for everyone who has nothing to do."""
        engaged = {id(process) for process, _ in self._asked.values()}
        for process in self._processes:
            if not waiting or id(process) in engaged:
                continue
            if process.parcel is not self._parcel:
                process.parcel = self._parcel
                self._asked[process.actor.take.remote(self._parcel, versions())] = process, None
            else:
                number = waiting.popleft()
                self._asked[process.actor.answer.remote(questions[number])] = process, number

    def _arrived(self) -> list[Any]:
        """What is answered, at least one; it waits for a worker to start, but not for ever."""
        patience = None if self._busy else START_SECONDS
        arrived, _ = self._ray.wait(list(self._asked), timeout=patience)
        if not arrived:
            cores = "a core" if self._threads == 1 else f"{self._threads} cores on one node"
            raise ConnectionError(f"no worker has started in {START_SECONDS:.0f} s; the cluster needs {cores} free")
        return arrived

    def _end(self, process: _Process) -> None:
        self._processes.remove(process)
        self._asked = {one: asked for one, asked in self._asked.items() if asked[0] is not process}
        self._ray.kill(process.actor)
