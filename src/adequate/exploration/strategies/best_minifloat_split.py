"""One minifloat for the whole network: every split into exponent and mantissa, the best kept."""

from adequate.design import Design
from adequate.exploration.rules import minifloat_uniform
from adequate.exploration.search import Strategy
from adequate.profiling import Ranges

MOST_EXPONENT_BITS = 7
"""With 8, and the exponent of all ones an ordinary one, the largest values exceed float32."""


def best_minifloat_split(ranges: Ranges, bits: int) -> Strategy:
    """The ``minifloat_uniform`` design of ``bits`` with the highest accuracy ("automatically searches for the best
    balance between exponent and mantissa bits", Gysel 2016, 6.3).

    Exponents run from 2 bits up (1 where there is no room for more); of equally good splits the one with fewer exponent
    bits is kept.
    """
    exponents = range(min(2, bits - 1), min(bits - 1, MOST_EXPONENT_BITS) + 1)
    trials = yield [minifloat_uniform(ranges, bits, exp) for exp in exponents]
    best: Design = max(trials, key=lambda trial: trial.accuracy).design
    return best
