"""Caffe's binary files, whole and broken."""

import random
from itertools import product
from math import prod
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adequate.network.caffe import read_caffemodel, read_mean
from tests.network.caffe.encoding import blob, field, model, number, varint

KINDS = list(product(("new", "old"), (True, False), (True, False)))
"""Field of the layers, packed numbers or not, shape or num/channels/height/width."""


def small(era: str, packed: bool, shaped: bool) -> bytes:
    weight = blob([0.5 * i for i in range(24)], (2, 3, 2, 2), packed=packed, shaped=shaped)
    bias = blob([1.0, -2.0], (2,), packed=packed, shaped=shaped)
    return model({"data": [], "conv1": [weight, bias], "ip1": [bias]}, era)


def outcome(path: Path) -> dict[str, list[Tensor]] | str:
    try:
        return read_caffemodel(path)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(("era", "packed", "shaped"), KINDS)
def test_every_layout_reads_the_same(tmp_path: Path, era: str, packed: bool, shaped: bool) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(small(era, packed, shaped))
    layers = read_caffemodel(path)
    assert list(layers) == ["conv1", "ip1"]
    weight, bias = layers["conv1"]
    assert torch.equal(weight, torch.arange(24).reshape(2, 3, 2, 2) / 2)
    assert bias.shape == ((2,) if shaped else (1, 1, 1, 2))
    assert bias.flatten().tolist() == [1.0, -2.0]


@given(st.lists(st.integers(1, 4), max_size=4).map(tuple), st.booleans(), st.booleans(), st.booleans(), st.data())
def test_any_blob_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, ...],
    packed: bool,
    shaped: bool,
    double: bool,
    data: st.DataObject,
) -> None:
    reals = st.floats(width=32, allow_nan=False, allow_infinity=False)
    values = data.draw(st.lists(reals, min_size=prod(shape), max_size=prod(shape)))
    path = tmp_path_factory.mktemp("caffe") / "net.caffemodel"
    content = blob(values, shape, packed=packed, shaped=shaped, double=double)
    path.write_bytes(model({"layer": [content]}, "new"))
    [read] = read_caffemodel(path)["layer"]
    assert read.dtype == torch.float32
    assert read.flatten().tolist() == values
    assert read.shape == (shape if shaped else (1,) * (4 - len(shape)) + shape)


def test_unknown_fields_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    unknown = number(900, 7) + field(901, b"abc") + varint(902 << 3 | 1) + b"8 bytes." + varint(903 << 3 | 5) + b"four"
    path.write_bytes(unknown + small("new", True, True) + unknown)
    assert list(read_caffemodel(path)) == ["conv1", "ip1"]


@pytest.mark.parametrize(("era", "packed", "shaped"), KINDS)
@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_file_never_gives_a_broken_blob(
    tmp_path: Path, era: str, packed: bool, shaped: bool, twentieth: int
) -> None:
    """Cut between two layers it is a shorter network; cut anywhere else it is refused."""
    path = tmp_path / "net.caffemodel"
    whole = small(era, packed, shaped)
    path.write_bytes(whole)
    layers = read_caffemodel(path)
    path.write_bytes(whole[: len(whole) * twentieth // 20])
    fewer = outcome(path)
    if isinstance(fewer, str):
        assert str(path) in fewer
        assert "\n" not in fewer
    else:
        assert len(fewer) < len(layers)
        assert all(torch.equal(a, b) for name in fewer for a, b in zip(fewer[name], layers[name], strict=True))


def test_changed_bytes_raise_nothing_but_value_errors(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    chance = random.Random(0)
    refused = 0
    for kind in KINDS:
        whole = small(*kind)
        for position in range(len(whole)):
            changed = bytearray(whole)
            changed[position] = chance.randrange(256)
            path.write_bytes(changed)
            read = outcome(path)
            if isinstance(read, str):
                refused += 1
                assert str(path) in read
    assert refused > 100


def layer(content: bytes) -> bytes:
    return field(100, field(1, b"conv1") + field(7, content))


HUGE = 2**62
BROKEN = {
    "wire type 3": varint(100 << 3 | 3),
    "field number 0": varint(2) + b"\0",
    "an unfinished integer": b"\xff" * 11,
    "beyond its message": varint(100 << 3 | 2) + varint(HUGE),
    "with 2 values": layer(blob([1.0, 2.0], (3,), packed=True, shaped=True)),
    "with 1 values": layer(blob([1.0], (HUGE, HUGE, HUGE), packed=True, shaped=True)),
    "with 0 values": layer(field(7, number(1, 0))),
    "a blob of shape": layer(blob([1.0], (2**64 - 1,), packed=True, shaped=True)),
    "1, 1\\) with 1 values": layer(blob([1.0], (1,) * 100, packed=True, shaped=True)),
    "no whole number of 4-byte floats": layer(field(5, b"12345")),
    "no whole number of 8-byte floats": layer(field(8, b"12345")),
    "where integers are expected": layer(field(7, varint(1 << 3 | 5) + b"four")),
    "not UTF-8": field(100, field(1, b"\xff\xfe")),
    "a second layer 'conv1'": layer(blob([1.0], (1,), packed=True, shaped=True)) * 2,
    "holds no Caffe weights": field(1, b"a network"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_is_wrong_is_said(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(BROKEN[reason])
    with pytest.raises(ValueError, match=reason) as caught:
        read_caffemodel(path)
    assert str(path) in str(caught.value)


def test_the_place_of_the_damage_is_said(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    sound = field(1, b"a network")
    path.write_bytes(sound + varint(3))
    with pytest.raises(ValueError, match=f"corrupt at byte {len(sound)}: field number 0"):
        read_caffemodel(path)


def test_a_double_beyond_float32_becomes_infinity(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(model({"layer": [blob([1e300], (1,), packed=True, shaped=True, double=True)]}, "new"))
    assert read_caffemodel(path)["layer"][0].isinf().all()


@pytest.mark.parametrize("shaped", [True, False])
def test_a_mean_image_is_read(tmp_path: Path, shaped: bool) -> None:
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(blob([float(i) for i in range(12)], (1, 3, 2, 2), packed=True, shaped=shaped))
    assert torch.equal(read_mean(path), torch.arange(12.0).reshape(3, 2, 2))


@pytest.mark.parametrize("shape", [(2, 3, 2, 1), (12,)])
def test_what_is_no_mean_image_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(blob([0.0] * 12, shape, packed=True, shaped=True))
    with pytest.raises(ValueError, match="not one image"):
        read_mean(path)


def test_the_real_files(data_root: Path) -> None:
    folder = data_root / "models/caffe_small"
    lenet = read_caffemodel(folder / "lenet_iter_10000.caffemodel")
    assert {name: [tuple(b.shape) for b in blobs] for name, blobs in lenet.items()} == {
        "conv1": [(20, 1, 5, 5), (20,)],
        "conv2": [(50, 20, 5, 5), (50,)],
        "ip1": [(500, 800), (500,)],
        "ip2": [(10, 500), (10,)],
    }
    ternary = read_caffemodel(folder / "cifar10_full_ternary_iter_70000.caffemodel")
    assert [ternary[name][0].unique().numel() for name in ("conv1", "conv2", "conv3")] == [3, 3, 3]
    assert read_mean(folder / "mean.binaryproto").shape == (3, 32, 32)
