"""One fixed-point format for the whole network: every split of the width, the best kept."""

from adequate.design import Design
from adequate.exploration.rules import static_fixed
from adequate.exploration.search import Strategy
from adequate.profiling import Ranges


def best_static_split(ranges: Ranges, bits: int) -> Strategy:
    """The ``static_fixed`` design of ``bits`` with the highest accuracy, all integer lengths tried (Gysel 2016, 4.4.1).

    Integer lengths run from 1 to ``bits``; of equally good splits the one with more integer bits is kept.
    """
    trials = yield [static_fixed(ranges, bits, frac) for frac in range(bits)]
    best: Design = max(trials, key=lambda trial: trial.accuracy).design
    return best
