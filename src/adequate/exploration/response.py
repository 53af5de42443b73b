"""A response surface: what a few measured points say about all others, and how sure that is."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

FEATURES = 200
"""Hidden units of a member (assumed)."""

REACHES = (0.5, 1.0, 2.0, 4.0)
"""Distances over which they turn, to choose from (assumed)."""

PENALTIES = (1e-6, 1e-4, 1e-2, 1.0)
"""Ridge penalties to choose from (assumed)."""


class Response:
    """An ensemble of neural networks from points to figures whose hidden layers are random and stay as drawn.

    y = [1, x, cos(x W + b)] V: the hidden units are random Fourier features (Rahimi and Recht 2007, "Random features
    for large-scale kernel machines", NIPS), V is a ridge regression. Each member has a W, a b and random factors on the
    points' ``weights`` (exponential: the Bayesian bootstrap) of its own, so that members agree where points were
    measured and differ elsewhere. Every figure is learned apart, as a standard score; how far its hidden
    units reach and its penalty are those with the least leave-one-out error.
    """

    def __init__(
        self, points: Matrix, figures: Matrix, weights: Matrix, members: int, random: np.random.Generator
    ) -> None:
        self._mean, self._scale = figures.mean(0), np.maximum(figures.std(0), 1e-12)
        certain = np.sqrt(weights)
        drawn = certain * np.sqrt(random.exponential(size=(members, len(points))))
        self._surfaces = [
            _surfaces(points, column, certain, drawn, random) for column in ((figures - self._mean) / self._scale).T
        ]

    def expect(self, points: Matrix, member: int) -> Matrix:
        """What one member expects: (points, figures)."""
        columns = [_hidden(points, w, b) @ v for w, b, v in (members[member] for members in self._surfaces)]
        return np.stack(columns, axis=1) * self._scale + self._mean


def _surfaces(
    points: Matrix, y: Matrix, certain: Matrix, drawn: Matrix, random: np.random.Generator
) -> list[tuple[Matrix, Matrix, Matrix]]:
    """(W, b, V) of one figure for each row of ``drawn`` weights."""
    reach, penalty = _chosen(points, y, certain, random)
    found: list[tuple[Matrix, Matrix, Matrix]] = []
    for weights in drawn:
        w, b = _drawn(points.shape[1], reach, random)
        found.append((w, b, _ridge(weights[:, None] * _hidden(points, w, b), weights * y, penalty)))
    return found


def _drawn(knobs: int, reach: float, random: np.random.Generator) -> tuple[Matrix, Matrix]:
    return random.normal(size=(knobs, FEATURES)) / reach, random.uniform(0, 2 * np.pi, FEATURES)


def _hidden(points: Matrix, w: Matrix, b: Matrix) -> Matrix:
    x = 2 * points - 1
    return np.concatenate([np.ones((len(x), 1)), x, np.cos(x @ w + b) * np.sqrt(2 / FEATURES)], axis=1)


def _ridge(x: Matrix, y: Matrix, penalty: float) -> Matrix:
    return np.asarray(np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y), dtype=np.float64)


def _chosen(points: Matrix, y: Matrix, certain: Matrix, random: np.random.Generator) -> tuple[float, float]:
    """Reach and penalty of the least leave-one-out error: residual / (1 - h), h the diagonal of the hat matrix."""
    errors: dict[tuple[float, float], float] = {}
    for reach in REACHES:
        x = _hidden(points, *_drawn(points.shape[1], reach, random))
        u, s, _ = np.linalg.svd(certain[:, None] * x, full_matrices=False)
        for penalty in PENALTIES:
            kept = s**2 / (s**2 + penalty)
            left_out = (certain * y - (u * kept) @ (u.T @ (certain * y))) / np.maximum(1 - u**2 @ kept, 1e-9)
            errors[reach, penalty] = float((left_out**2).mean())
    return min(errors, key=lambda one: errors[one])
