"""Which design to take: rules, strategies and the search that drives them."""

from adequate.exploration.approximation import approximate
from adequate.exploration.context import Context
from adequate.exploration.descent import descend
from adequate.exploration.front import Front
from adequate.exploration.hypervolume import hypervolume
from adequate.exploration.knob import Knob
from adequate.exploration.rules import (
    Widths,
    affine,
    dynamic_fixed,
    minifloat_uniform,
    power_of_two_weights,
    static_fixed,
)
from adequate.exploration.search import Result, Strategy, search
from adequate.exploration.space import Point, Space
from adequate.exploration.store import Record, Store
from adequate.exploration.strategies import (
    STRATEGIES,
    bayesian,
    best_minifloat_split,
    best_static_split,
    delta_debugging,
    evolutionary,
    exhaustive,
    max_minus_one,
    min_plus_one,
    narrowest,
    random_points,
    ristretto,
    sensitivity,
    surrogate,
    tabu,
)
from adequate.exploration.supported import LeftOut, Supported, supported
from adequate.exploration.trial import Query, Trial
from adequate.exploration.trials_file import StoreError

__all__ = [
    "STRATEGIES",
    "Context",
    "Front",
    "Knob",
    "LeftOut",
    "Point",
    "Query",
    "Record",
    "Result",
    "Space",
    "Store",
    "StoreError",
    "Strategy",
    "Supported",
    "Trial",
    "Widths",
    "affine",
    "approximate",
    "bayesian",
    "best_minifloat_split",
    "best_static_split",
    "delta_debugging",
    "descend",
    "dynamic_fixed",
    "evolutionary",
    "exhaustive",
    "hypervolume",
    "max_minus_one",
    "min_plus_one",
    "minifloat_uniform",
    "narrowest",
    "power_of_two_weights",
    "random_points",
    "ristretto",
    "search",
    "sensitivity",
    "static_fixed",
    "supported",
    "surrogate",
    "tabu",
]
