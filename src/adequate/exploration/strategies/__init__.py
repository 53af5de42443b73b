"""Strategies: which designs to try next. One file each."""

from adequate.exploration.strategies.bayesian import bayesian
from adequate.exploration.strategies.best_minifloat_split import best_minifloat_split
from adequate.exploration.strategies.best_static_split import best_static_split
from adequate.exploration.strategies.delta_debugging import delta_debugging
from adequate.exploration.strategies.evolutionary import evolutionary
from adequate.exploration.strategies.exhaustive import exhaustive
from adequate.exploration.strategies.max_minus_one import max_minus_one
from adequate.exploration.strategies.min_plus_one import min_plus_one
from adequate.exploration.strategies.narrowest import narrowest
from adequate.exploration.strategies.random_points import random_points
from adequate.exploration.strategies.ristretto import ristretto
from adequate.exploration.strategies.sensitivity import sensitivity
from adequate.exploration.strategies.surrogate import surrogate
from adequate.exploration.strategies.tabu import tabu

STRATEGIES = (
    best_static_split,
    best_minifloat_split,
    narrowest,
    ristretto,
    min_plus_one,
    max_minus_one,
    tabu,
    delta_debugging,
    sensitivity,
    random_points,
    exhaustive,
    evolutionary,
    bayesian,
    surrogate,
)

__all__ = [
    "STRATEGIES",
    "bayesian",
    "best_minifloat_split",
    "best_static_split",
    "delta_debugging",
    "evolutionary",
    "exhaustive",
    "max_minus_one",
    "min_plus_one",
    "narrowest",
    "random_points",
    "ristretto",
    "sensitivity",
    "surrogate",
    "tabu",
]
