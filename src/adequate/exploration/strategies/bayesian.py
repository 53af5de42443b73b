"""Tree-structured Parzen estimators: points that are likely among the good ones and not among the others."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Generator

from adequate.exploration.archive import Archive
from adequate.exploration.hypervolume import Losses
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.strategies.evolutionary import ATTEMPTS, mutated, spread

STARTS = 20
"""Points before the first model: half of them from the diagonal, half drawn (assumed)."""


def bayesian(
    space: Space,
    *,
    objectives: Sequence[str] = ("stored_bits",),
    trials: int,
    batch: int = 5,
    generator: Generator,
) -> Strategy:
    """Optuna's multi-objective TPE over the points of a space; the answer is the front.

    Ozaki et al. 2020, "Multiobjective tree-structured Parzen estimator for computationally expensive optimization
    problems", GECCO. All knobs are modelled together; ``batch`` points are proposed before their trials are known. A
    proposal that was there before is moved by a mutation.

    Raises:
        ValueError: ``trials`` or ``batch`` is below 1.
        ModuleNotFoundError: Optuna is not installed; it comes with ``adequate[search]``.
    """
    if batch < 1:
        raise ValueError(f"batch is {batch}; it takes at least one point")
    archive = Archive(space, objectives, trials)
    model = _Model(space, 1 + len(archive.objectives), int(torch.randint(2**31, (), generator=generator)))
    points = [archive.claim(point) for point in spread(space.diagonal, min(STARTS // 2, archive.left))]
    points += [archive.claim(space.sample(generator)) for _ in range(min(STARTS - len(points), archive.left))]
    while points:
        yield from archive.ask(points)
        model.learn({point: archive.losses[point] for point in points})
        proposed = model.propose(min(batch, archive.left))
        points = [archive.claim(_new(archive, point, generator)) for point in proposed]
    return None


def _new(archive: Archive, point: Point, generator: Generator) -> Point:
    for _ in range(ATTEMPTS):
        if not archive.known(point):
            break
        point = mutated(archive.space, point, generator)
    return point


class _Model:
    """An Optuna study; of a knob it knows the number of choices and their order."""

    def __init__(self, space: Space, losses: int, seed: int) -> None:
        import optuna  # pyright: ignore[reportMissingImports]

        self._optuna = optuna
        self._knobs = {str(i): optuna.distributions.IntDistribution(0, last) for i, last in enumerate(space.widest)}
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=0)
        with self._quiet():
            self._study = optuna.create_study(
                sampler=sampler, directions=[optuna.study.StudyDirection.MINIMIZE] * losses
            )

    def learn(self, losses: Mapping[Point, Losses]) -> None:
        """Takes note of measured points."""
        for point, values in losses.items():
            params = dict(zip(self._knobs, point, strict=True))
            self._study.add_trial(
                self._optuna.trial.create_trial(params=params, distributions=dict(self._knobs), values=values)
            )

    def propose(self, count: int) -> list[Point]:
        """Points worth measuring, each chosen as if those before it turned out badly."""
        with self._quiet():
            asked = [self._study.ask(dict(self._knobs)) for _ in range(count)]
            for proposal in asked:  # what is measured of them is learned as a trial of its own
                self._study.tell(proposal, state=self._optuna.trial.TrialState.FAIL)
        return [tuple(proposal.params[name] for name in self._knobs) for proposal in asked]

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Without Optuna's messages about every trial."""
        level = self._optuna.logging.get_verbosity()
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        try:
            yield
        finally:
            self._optuna.logging.set_verbosity(level)
