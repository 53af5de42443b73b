"""The generic accuracy-configurable adder."""

from dataclasses import dataclass

from adequate.circuits import Word, concat
from adequate.formats.checks import require_int
from adequate.operators.adder import Adder


@dataclass(frozen=True)
class Segmented(Adder):
    """The generic accuracy-configurable adder (GeAr): overlapping short adders without a carry between them.

    Each adds L = ``result`` + ``previous`` bits: the first gives its L lowest sum bits, every further one, ``result``
    bits higher, its ``result`` highest; the last one's carry is the carry out. ``previous`` = ``result`` is ACA-II and
    ETA-II, ``result`` = 1 is ACA-I.
    Source: Shafique et al. 2015, "A low latency generic accuracy configurable adder", DAC, section 3. We drop its
    optional error correction; a last adder that would stand out is shortened (the paper demands that it does not).

    >>> Segmented(8, 2, 2)(Word(0b0000_1111, 8), Word(0b0000_0001, 8)).value  # the carry is lost behind bit 4
    0
    """

    result: int
    previous: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("result of segmented", self.result, 1, self.width)
        require_int("previous of segmented", self.previous, 0, self.width - self.result)

    def __call__(self, a: Word, b: Word) -> Word:
        low, high = 0, self.result + self.previous
        sums = [a[:high] + b[:high]]
        while high < self.width:
            low, high = low + self.result, high + self.result
            sums.append((a[low:high] + b[low:high])[self.previous :])
        whole = [one[:-1] for one in sums[:-1]] + sums[-1:]
        return concat(*whole)
