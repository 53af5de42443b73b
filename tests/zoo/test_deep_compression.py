"""Deep Compression's file: written here from its layout, and the published one."""

import random
import struct
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.zoo import entry
from adequate.zoo.deep_compression import load_compressed


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 1))


def packed(layers: list[tuple[list[float], list[float], list[int], list[int]]]) -> bytes:
    """A file of layers: codebook, biases, codes, gaps."""
    content = b"".join(struct.pack("<I", len(codes)) for _, _, codes, _ in layers)
    for codebook, biases, codes, gaps in layers:
        values = codebook + [0.0] * (256 - len(codebook))
        content += struct.pack(f"<256f{len(biases)}f", *values, *biases) + bytes(codes)
        even = gaps + [0] * (len(gaps) % 2)
        content += bytes(low | high << 4 for low, high in zip(even[::2], even[1::2], strict=True))
    return content


FIRST = ([0.0, 0.5, -1.5], [1.0, 2.0, 3.0], [1, 2, 0, 1], [0, 15, 15, 3])
"""Positions 0, 16, 32, 36."""
SECOND = ([0.25, 4.0], [0.0, 8.0], [1, 1, 1], [1, 0, 2])
"""Positions 1, 2, 5; what is not listed has code 0, which is 0.25 here."""


def test_positions_and_codes(tmp_path: Path) -> None:
    path, model = tmp_path / "small.net", small()
    path.write_bytes(packed([FIRST, SECOND]))
    load_compressed(model, path)
    first = torch.zeros(54)
    first[0], first[16], first[36] = 0.5, -1.5, 0.5
    state = model.state_dict()
    assert torch.equal(state["0.weight"], first.reshape(3, 2, 3, 3))
    assert state["2.weight"].flatten().tolist() == [0.25, 4.0, 4.0, 0.25, 0.25, 4.0]
    assert state["0.bias"].tolist() == [1.0, 2.0, 3.0]
    assert state["2.bias"].tolist() == [0.0, 8.0]


def refused(path: Path, content: bytes) -> str:
    """The line that refuses the file, which leaves the model alone."""
    model = small()
    before: dict[str, Tensor] = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    path.write_bytes(content)
    with pytest.raises(ValueError, match=".") as caught:
        load_compressed(model, path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    path, whole = tmp_path / "small.net", packed([FIRST, SECOND])
    for cut in range(0, len(whole), 37):
        assert "truncated or corrupt" in refused(path, whole[:cut])
    assert "its counts say" in refused(path, whole + b"\0")
    assert "NaN or infinity" in refused(path, packed([([float("nan")], *FIRST[1:]), SECOND]))
    assert "bytes for 2 layers" in refused(path, b"\xff" * 10_000)


def test_a_position_beyond_its_layer_is_refused(tmp_path: Path) -> None:
    beyond = (*SECOND[:2], [1, 1, 1], [1, 1, 2])
    assert "position 6 in a layer of 6 weights" in refused(tmp_path / "small.net", packed([FIRST, beyond]))


def test_changed_bytes_raise_nothing_but_value_errors(tmp_path: Path) -> None:
    path, whole, chance, reasons = tmp_path / "small.net", packed([FIRST, SECOND]), random.Random(0), list[str]()
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 4, 64])):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            load_compressed(small(), path)
        except ValueError as error:
            reasons.append(str(error))
    assert len(reasons) > 10
    assert all(str(path) in reason for reason in reasons)


def test_other_files_are_read_as_ever(tmp_path: Path) -> None:
    source, target = small(), small()
    torch.save(source.state_dict(), tmp_path / "small.pt")
    load_compressed(target, tmp_path / "small.pt")
    assert all(torch.equal(tensor, target.state_dict()[name]) for name, tensor in source.state_dict().items())


def test_the_published_squeezenet(data_root: Path) -> None:
    """422,083 of 1,244,448 weights are stored, of at most 256 values a layer; some of them stand for zero, which is
    what bridges gaps of more than fifteen."""
    path = data_root / "models/squeezenet_deep_compression/compressed_SqueezeNet.net"
    member = entry("squeezenet")
    model = member.build()
    member.load(model, path)
    counts = struct.unpack("<26I", path.read_bytes()[: 4 * 26])
    layers = [layer.weight for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert (sum(counts), sum(weight.numel() for weight in layers)) == (422_083, 1_244_448)
    assert all(weight.unique().numel() <= 256 for weight in layers)
    assert all(int(weight.count_nonzero()) <= count for weight, count in zip(layers, counts, strict=True))
