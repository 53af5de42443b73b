"""The largest magnitude that a rounding pass remembers is that of the tensor, as long as nobody wrote to it."""

import gc
import weakref
from itertools import product

import pytest
import torch
from torch import Tensor

from adequate.formats import E4M3, Fixed, PowerOfTwo, peak
from adequate.formats.epilogue import Epilogue
from adequate.formats.peak import peak_of, remember_peak
from adequate.native import kernels
from tests.contracts.format_contract import seeded

FORMATS = (Fixed(8, 4), Fixed(24, 9), E4M3, PowerOfTwo(4))


def largest(x: Tensor) -> float:
    return float(x.abs().max()) if x.numel() else 0.0


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, float]]:
    """What ``remember_peak`` is told meanwhile."""
    told: list[tuple[Tensor, float]] = []

    def remember(x: Tensor, largest: float) -> None:
        told.append((x, largest))
        remember_peak(x, largest)

    monkeypatch.setattr("adequate.formats.format.remember_peak", remember)
    return told


@pytest.mark.skipif(kernels is None, reason="no compiled kernels here")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 5000, 600_001])
def test_the_pass_that_rounds_tells_it(length: int, dtype: torch.dtype, remembered: list[tuple[Tensor, float]]) -> None:
    """Wherever the largest is, whatever follows the rounding, and from all threads."""
    x, addend = torch.randn(2, length, generator=seeded(), dtype=dtype)
    for format, place in product(FORMATS, {0, length // 2, length - 1} if length else {0}):
        x[place : place + 1] = -7.3
        for epilogue in (Epilogue(), Epilogue(addend), Epilogue(None, True), Epilogue(addend, True)):
            y = format.quantize_(x.clone(), epilogue=epilogue)
            told, peak = remembered.pop()
            assert told is y
            assert peak == largest(y) == peak_of(y)
        y = format.quantize(x)
        assert remembered.pop()[1] == largest(y) == peak_of(y)
    assert not remembered


def test_what_was_written_since_is_looked_at() -> None:
    y = E4M3.quantize(torch.tensor([1.0, -3.0, 2.0]))
    assert peak_of(y) == 3
    y[1] = 0.5
    assert peak_of(y) == 2
    y.mul_(4)
    assert peak_of(y) == 8
    E4M3.quantize_(y.mul_(-10))
    assert peak_of(y) == 80
    y.view(-1)[0] = 400
    assert peak_of(y) == 400


def test_another_tensor_on_the_same_memory_is_looked_at() -> None:
    y = E4M3.quantize(torch.tensor([1.0, -3.0, 2.0]))
    assert peak_of(y[::2]) == 2
    assert peak_of(y.detach()) == 3
    assert peak_of(y[:0]) == 0
    assert peak_of(torch.tensor(-2.5)) == 2.5


def test_tensors_that_count_no_writes_are_looked_at() -> None:
    with torch.inference_mode():
        y = E4M3.quantize(torch.tensor([1.0, -3.0, 2.0]))
        y[1] = 0
        assert peak_of(y) == 2


def test_it_keeps_no_tensor() -> None:
    y = E4M3.quantize(torch.randn(5, generator=seeded()))
    gone = weakref.ref(y)
    before = len(peak._known)
    del y
    gc.collect()
    assert gone() is None
    assert kernels is None or len(peak._known) < before
