"""Which design to take: rules, strategies and the search that drives them."""

from adequate.exploration.approximation import approximate
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
from adequate.exploration.store import Store, StoreError
from adequate.exploration.strategies import (
    STRATEGIES,
    best_minifloat_split,
    best_static_split,
    evolutionary,
    narrowest,
    random_points,
    ristretto,
)
from adequate.exploration.trial import Query, Trial

__all__ = [
    "STRATEGIES",
    "Front",
    "Knob",
    "Point",
    "Query",
    "Result",
    "Space",
    "Store",
    "StoreError",
    "Strategy",
    "Trial",
    "Widths",
    "affine",
    "approximate",
    "best_minifloat_split",
    "best_static_split",
    "descend",
    "dynamic_fixed",
    "evolutionary",
    "hypervolume",
    "minifloat_uniform",
    "narrowest",
    "power_of_two_weights",
    "random_points",
    "ristretto",
    "search",
    "static_fixed",
]
