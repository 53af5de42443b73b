"""What is packed comes out the same, over the parcel's own memory."""

import threading
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adequate.cluster.parcel import Parcel

TENSORS = [
    torch.arange(12).reshape(3, 4),
    torch.arange(12.0).reshape(3, 4).T,
    torch.tensor(3.5, dtype=torch.float64),
    torch.empty(0, 3),
    torch.tensor([True, False]),
    torch.randn(5, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16),
    torch.tensor([1 + 2j]),
    torch.tensor([1 + 2j]).conj(),
    torch.ones(3, requires_grad=True),
]


@pytest.mark.usefixtures("ray")
@pytest.mark.parametrize("tensor", TENSORS, ids=str)
def test_a_tensor_comes_out_the_same(tensor: Tensor) -> None:
    found = Parcel.of({"held": tensor}).open()["held"]
    assert torch.equal(found, tensor)
    assert (found.dtype, found.shape, found.requires_grad) == (tensor.dtype, tensor.shape, tensor.requires_grad)


@pytest.mark.usefixtures("ray")
def test_tensors_are_packed_once_and_opened_without_a_copy() -> None:
    images = torch.arange(10_000)
    parcel = Parcel.of((images, [images], nn.Parameter(torch.ones(50_000))))
    assert [array.nbytes for array in parcel.arrays] == [80_000, 200_000]
    assert len(parcel.content) < 2_000
    for array in parcel.arrays:
        array.flags.writeable = False  # as Ray hands them over
    first, [again], parameter = parcel.open()
    assert first.data_ptr() == again.data_ptr() == parcel.arrays[0].ctypes.data
    assert isinstance(parameter, nn.Parameter)
    assert parameter.data_ptr() == parcel.arrays[1].ctypes.data


@pytest.mark.usefixtures("ray")
def test_functions_of_a_script_are_packed_whole() -> None:
    threshold = np.float64(2)

    def above(x: Any) -> bool:
        return bool(x > threshold)

    above.__module__ = "__main__"
    assert Parcel.of(above).open()(3)


@pytest.mark.usefixtures("ray")
def test_what_cannot_be_packed_is_refused() -> None:
    with pytest.raises(TypeError, match="lock"):
        Parcel.of(threading.Lock())
