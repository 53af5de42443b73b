"""Sums as numbers: torch's own arithmetic in float64, which is exact here, says what they are."""

import pytest
import torch
from torch import Generator, Tensor

from adequate import native
from adequate.kernels.scaling import scaled
from adequate.native import Processor

HERE = [one for one in Processor if one <= native.processor]


@pytest.fixture(params=HERE, ids=lambda one: one.name.lower())
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One processor that the kernels run on in this test."""
    if request.param is Processor.TORCH:
        monkeypatch.setattr(native, "kernels", None)
    monkeypatch.setattr(native, "processor", request.param)


def integers(*shape: int, seed: int, bits: int = 22) -> Tensor:
    most = 2**bits
    found = torch.randint(-most, most + 1, shape, generator=Generator().manual_seed(seed), dtype=torch.int32)
    found.view(-1)[:2] = torch.tensor([most, -most])[: found.numel()]
    return found


def by_float64(sums: Tensor, unit: float, bias: Tensor | None) -> Tensor:
    return (sums.double() * unit + (0.0 if bias is None else bias.double())).float()


BIASES = {
    "none": None,
    "one": (),
    "one, of a dimension": (1,),
    "per channel": (1, 3, 1, 1),
    "per channel, without the images": (3, 1, 1),
    "per column": (7,),
    "per image": (2, 1, 1, 1),
    "per channel and column": (3, 1, 7),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shape", BIASES.values(), ids=BIASES)
@pytest.mark.parametrize("unit", [1.0, 2.0**-9, 2.0**5])
def test_every_sum_is_its_units_and_its_bias(unit: float, shape: tuple[int, ...] | None) -> None:
    sums = integers(2, 3, 5, 7, seed=1)
    bias = None if shape is None else (integers(*shape, seed=2) if shape else integers(1, seed=2)[0]).double() * unit
    wanted = by_float64(sums, unit, bias)
    assert torch.equal(scaled(sums, unit, bias), wanted)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "sums", [integers(3, 5, seed=3).mT, integers(4, seed=3).long(), integers(4, 6, seed=3)[:, 1:5]]
)
def test_sums_of_other_types_and_layouts(sums: Tensor) -> None:
    wanted = by_float64(sums, 0.25, None)
    assert torch.equal(scaled(sums.clone(memory_format=torch.preserve_format), 0.25), wanted)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 3, 0)])
def test_no_sums(shape: tuple[int, ...]) -> None:
    found = scaled(torch.empty(shape, dtype=torch.int32), 0.5, torch.ones(3, 1))
    assert found.shape == shape
    assert found.dtype is torch.float32


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("processor", HERE[1:], ids=lambda one: one.name.lower())
def test_threads_cut_in_the_middle_of_a_channel(processor: Processor, threads: int) -> None:
    """Parts begin anywhere, and are many elements long."""
    sums, bias = integers(3, 5, 70_001, seed=4), integers(5, 1, seed=5).float()
    wanted, found = by_float64(sums, 0.5, bias), torch.empty(sums.shape)
    assert native.kernels is not None
    addresses = sums.data_ptr(), found.data_ptr(), sums.numel(), 0.5, bias.data_ptr()
    native.kernels.scale_sums(int(processor), threads, *addresses, 5, 70_001)
    assert torch.equal(found, wanted)
