"""Convolutions as matrix products, against torch's on integers, where float64 is exact."""

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from adequate.kernels.columns import Window, columns, output_size, untransposed, window_of

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


def integers(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def convolved(x: Tensor, w: Tensor, window: Window) -> Tensor:
    inputs, weights = columns(x, w, window)
    sizes = output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window)
    return torch.einsum("nglk,gok->ngol", inputs, weights).reshape(len(x), len(w), *sizes)


@st.composite
def geometries(draw: st.DrawFn) -> dict[str, Any]:
    dims = draw(st.integers(1, 3))

    def sizes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    groups = draw(st.integers(1, 3))
    kernel, dilation = sizes(1, 3), sizes(1, 2)
    reach = [gap * (size - 1) + 1 for size, gap in zip(kernel, dilation, strict=True)]
    return {
        "kernel": kernel,
        "stride": sizes(1, 3),
        "dilation": dilation,
        "padding": draw(st.sampled_from(["sizes", "same", "valid"])),
        "sizes": sizes(0, 2),
        "groups": groups,
        "channels": groups * draw(st.integers(1, 2)),
        "outputs": groups * draw(st.integers(1, 2)),
        "space": tuple(size + draw(st.integers(0, 3)) for size in reach),
        "batch": draw(st.integers(0, 2)),
        "seed": draw(st.integers(0, 99)),
    }


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # torch's, about speed
@given(geometries())
def test_columns_are_torchs_convolution(given: dict[str, Any]) -> None:
    padding = given["sizes"] if given["padding"] == "sizes" else given["padding"]
    stride = (1,) * len(given["kernel"]) if padding == "same" else given["stride"]
    x = integers((given["batch"], given["channels"], *given["space"]), given["seed"])
    w = integers((given["outputs"], given["channels"] // given["groups"], *given["kernel"]), given["seed"] + 1)
    attributes = {"stride": stride, "padding": padding, "dilation": given["dilation"], "groups": given["groups"]}
    window = window_of(attributes, given["kernel"])
    expected = CONVOLUTIONS[len(given["kernel"])](x, w, None, **attributes)
    assert torch.equal(convolved(x, w, window), expected)


@given(geometries())
@settings(max_examples=60)
def test_transposed_convolutions_are_convolutions(given: dict[str, Any]) -> None:
    extra = tuple(
        min(size - 1, max(step, gap) - 1)
        for size, step, gap in zip((3, 2, 3), given["stride"], given["dilation"], strict=False)
    )
    x = integers((given["batch"], given["channels"], *given["space"]), given["seed"])
    w = integers((given["channels"], given["outputs"] // given["groups"], *given["kernel"]), given["seed"] + 1)
    attributes = {"stride": given["stride"], "padding": given["sizes"], "output_padding": extra}
    attributes |= {"dilation": given["dilation"], "groups": given["groups"]}
    spread = [
        (size - 1) * step - 2 * cut + gap * (k - 1) + more + 1
        for size, step, cut, gap, k, more in zip(
            given["space"], given["stride"], given["sizes"], given["dilation"], given["kernel"], extra, strict=True
        )
    ]
    assume(min(spread) > 0 and given["batch"] > 0)
    call = TRANSPOSED[len(given["kernel"])]
    expected = call(x, w, None, **attributes)
    assert torch.equal(convolved(*untransposed(x, w, attributes)), expected)


def test_terms_count_channel_then_row_then_column() -> None:
    x = torch.arange(2 * 3 * 3, dtype=torch.float64).reshape(1, 2, 3, 3)
    w = torch.arange(8, dtype=torch.float64).reshape(1, 2, 2, 2)
    inputs, weights = columns(x, w, Window((1, 1), ((0, 0), (0, 0)), (1, 1)))
    assert weights.tolist() == [[[0, 1, 2, 3, 4, 5, 6, 7]]]
    assert inputs[0, 0].tolist() == [
        [0, 1, 3, 4, 9, 10, 12, 13],
        [1, 2, 4, 5, 10, 11, 13, 14],
        [3, 4, 6, 7, 12, 13, 15, 16],
        [4, 5, 7, 8, 13, 14, 16, 17],
    ]


@pytest.mark.parametrize("attributes", [{"stride": [2], "padding": [1], "dilation": [1], "groups": 1}])
def test_one_number_stands_for_all_dimensions(attributes: dict[str, Any]) -> None:
    assert window_of(attributes, (3, 3)) == Window((2, 2), ((1, 1), (1, 1)), (1, 1))
