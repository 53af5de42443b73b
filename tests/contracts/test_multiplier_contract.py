"""The multiplier contract notices a multiplier that is wrong."""

from dataclasses import dataclass

import pytest

from adequate.circuits import Word
from adequate.operators.multiplier import Multiplier, UnsignedMultiplier
from tests.contracts.multiplier_contract import MultiplierContract


@dataclass(frozen=True)
class Unlisted(UnsignedMultiplier):
    """Is in no list, so its text cannot be read."""

    def __call__(self, a: Word, b: Word) -> Word:
        return a * b


@dataclass(frozen=True)
class Overflowing(UnsignedMultiplier):
    """Claims a width that its products exceed."""

    def __call__(self, a: Word, b: Word) -> Word:
        return Word(a.value * b.value, a.width)


@dataclass(frozen=True)
class Fickle(UnsignedMultiplier):
    """Gives Python integers another product than tensors."""

    def __call__(self, a: Word, b: Word) -> Word:
        return a * b + Word(int(isinstance(a.value, int)), 1)


@dataclass(frozen=True)
class TorchOnly(UnsignedMultiplier):
    """Works on torch tensors only, and elsewhere gives 0."""

    def __call__(self, a: Word, b: Word) -> Word:
        return a * b if hasattr(a.value, "requires_grad") else Word(a.value * 0, 0)


@pytest.mark.parametrize(
    ("multiplier", "law"),
    [
        (Unlisted(3, 3), "test_text_both_ways"),
        (Overflowing(3, 3), "test_the_result_lies_within_its_width"),
        (Fickle(3, 3), "test_single_python_integers_agree"),
        (TorchOnly(3, 3), "test_numpy_and_torch_agree"),
        (TorchOnly(3, 3), "test_python_integers_agree_at_all_pairs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_multiplier_breaks_its_law(multiplier: Multiplier, law: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        getattr(MultiplierContract(), law)(multiplier)
