"""Strategies: which designs to try next. One file each."""

from adequate.exploration.strategies.best_minifloat_split import best_minifloat_split
from adequate.exploration.strategies.best_static_split import best_static_split
from adequate.exploration.strategies.evolutionary import evolutionary
from adequate.exploration.strategies.narrowest import narrowest
from adequate.exploration.strategies.random_points import random_points
from adequate.exploration.strategies.ristretto import ristretto

STRATEGIES = (
    best_static_split,
    best_minifloat_split,
    narrowest,
    ristretto,
    random_points,
    evolutionary,
)

__all__ = [
    "STRATEGIES",
    "best_minifloat_split",
    "best_static_split",
    "evolutionary",
    "narrowest",
    "random_points",
    "ristretto",
]
