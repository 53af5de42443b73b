"""Weights are loaded whole, or the model stays as it was and one line says why."""

import os
import pickle
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.storage import save_tensors
from adequate.zoo.lenet import LeNet
from adequate.zoo.resnet_cifar import Block
from adequate.zoo.weights import load_weights

Writer = Callable[[Path, dict[str, Tensor]], None]


def zipped(path: Path, state: dict[str, Tensor]) -> None:
    torch.save(state, path)


def legacy(path: Path, state: dict[str, Tensor]) -> None:
    torch.save({"state_dict": state, "best_prec1": 0.5}, path, _use_new_zipfile_serialization=False)


def wrapped(path: Path, state: dict[str, Tensor]) -> None:
    torch.save({"model": {f"module.{name}": tensor for name, tensor in state.items()}}, path)


def safe(path: Path, state: dict[str, Tensor]) -> None:
    save_tensors(path, state, {})


WRITERS = [("w.pt", zipped), ("w.th", legacy), ("w.tar", wrapped), ("w.safetensors", safe)]


def block(seed: int) -> Block:
    """A small model with batch normalisation."""
    model = Block(2, 4)
    generator = torch.Generator().manual_seed(seed)
    for tensor in (*model.parameters(), model.bn1.running_mean, model.bn1.running_var):
        assert tensor is not None
        tensor.data.normal_(generator=generator)
    return model


def refused(path: Path, model: nn.Module) -> str:
    """The one line that refuses the file, which leaves the model alone."""
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=".") as caught:
        load_weights(model, path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_weights_are_loaded(tmp_path: Path, name: str, write: Writer) -> None:
    source, target = block(1), block(2)
    write(tmp_path / name, source.state_dict())
    load_weights(target, tmp_path / name)
    for key, tensor in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], tensor)


@pytest.mark.parametrize(("name", "write"), WRITERS)
@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_file_is_refused(tmp_path: Path, name: str, write: Writer, twentieth: int) -> None:
    path = tmp_path / name
    write(path, block(1).state_dict())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * twentieth // 20])
    assert refused(path, block(2))


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_changed_bytes_raise_nothing_but_value_errors(tmp_path: Path, name: str, write: Writer) -> None:
    path = tmp_path / name
    write(path, block(1).state_dict())
    content = path.read_bytes()
    chance = random.Random(0)
    reasons = []
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(chance.choice([1, 8, 64])):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            load_weights(block(2), path)
        except ValueError as error:
            reasons.append(str(error))
    assert len(reasons) > 30
    assert all(str(path) in reason and "\n" not in reason for reason in reasons)


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
def test_no_arbitrary_object_is_unpickled(tmp_path: Path, save: Callable[[object, Path], object]) -> None:
    path = tmp_path / "weights.pt"
    save({"state_dict": {"conv1.weight": Malicious(tmp_path / "owned")}}, path)
    assert "holds more than tensors" in refused(path, block(1))
    assert not (tmp_path / "owned").exists()


def test_missing_and_unexpected_names_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    state = block(1).state_dict()
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(("bn1", "bn2"))}
    zipped(path, kept | {"extra.weight": torch.zeros(1)})
    message = refused(path, block(2))
    assert "8 missing" in message
    assert "('bn1.weight', 'bn1.bias', 'bn1.running_mean', 'bn1.running_var', 'bn2.weight', ...)" in message
    assert "1 unexpected ('extra.weight')" in message


def test_batch_counters_may_be_missing(tmp_path: Path) -> None:
    state = block(1).state_dict()
    zipped(tmp_path / "w.pt", {name: t for name, t in state.items() if "num_batches" not in name})
    target = block(2)
    load_weights(target, tmp_path / "w.pt")
    assert torch.equal(target.conv1.weight, state["conv1.weight"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_weights_that_are_not_finite_are_refused_by_name(
    tmp_path: Path, name: str, write: Writer, value: float
) -> None:
    state = block(1).state_dict()
    state["bn1.running_var"][2] = value
    write(tmp_path / name, state)
    assert re.search(r"'bn1\.running_var' of .* holds NaN or infinity", refused(tmp_path / name, block(2)))


CHANGES = {
    r"'conv1\.weight' has shape \(4, 2, 9\) in .*, \(4, 2, 3, 3\) in the model": lambda w: w.flatten(2),
    r"'conv1\.weight' is torch\.int32 in .*, torch\.float32 in the model": lambda w: w.int(),
    r"'conv1\.weight' is torch\.complex64": lambda w: w.to(torch.complex64),
    r"'conv1\.weight' of .* holds NaN or infinity": lambda w: w.double() * 1e300,
    r"'conv1\.weight' of .* is not a dense tensor": lambda w: w.to_sparse(),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_another_shape_or_type_is_refused(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "w.pt"
    state = block(1).state_dict()
    zipped(path, state | {"conv1.weight": CHANGES[reason](state["conv1.weight"])})
    assert re.search(reason, refused(path, block(2)))


def test_double_weights_are_rounded_once(tmp_path: Path) -> None:
    state = block(1).state_dict()
    zipped(tmp_path / "w.pt", {name: t.double() if t.is_floating_point() else t for name, t in state.items()})
    target = block(2)
    load_weights(target, tmp_path / "w.pt")
    assert torch.equal(target.conv2.weight, state["conv2.weight"])


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {"state_dict": [1]}, torch.zeros(3), {1: torch.zeros(1)}])
def test_what_is_no_state_dictionary_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pt")
    assert "holds no state dictionary" in refused(tmp_path / "w.pt", block(1))


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w.caffemodel"])
def test_an_absent_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        load_weights(block(1), tmp_path / name)


def varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def caffe_blob(tensor: Tensor, *, legacy: bool) -> bytes:
    shape = (1,) * (4 - tensor.dim()) + tuple(tensor.shape) if legacy else tuple(tensor.shape)
    sizes = b"".join(varint((i + 1) << 3) + varint(size) for i, size in enumerate(shape))
    return (sizes if legacy else field(7, field(1, b"".join(map(varint, shape))))) + field(5, tensor.numpy().tobytes())


def caffemodel(state: dict[str, Tensor], *, legacy: bool = False) -> bytes:
    layers: dict[str, bytes] = {}
    for name, tensor in state.items():
        layer = name.rpartition(".")[0]
        layers[layer] = layers.get(layer, field(1, layer.encode())) + field(7, caffe_blob(tensor, legacy=legacy))
    return b"".join(field(100, layer) for layer in layers.values())


@pytest.mark.parametrize("legacy", [False, True])
def test_caffe_layers_go_to_the_modules_of_their_names(tmp_path: Path, legacy: bool) -> None:
    path = tmp_path / "net.caffemodel"
    source, target = LeNet(), LeNet()
    path.write_bytes(caffemodel(source.state_dict(), legacy=legacy))
    load_weights(target, path)
    assert all(torch.equal(tensor, target.state_dict()[name]) for name, tensor in source.state_dict().items())


def test_caffe_files_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    state = LeNet().state_dict()
    path.write_bytes(caffemodel({k: v for k, v in state.items() if k != "ip2.bias"} | {"ip3.weight": torch.ones(2)}))
    message = refused(path, LeNet())
    assert "1 missing" in message
    assert "('ip2.bias')" in message
    assert "1 unexpected ('ip3.weight')" in message
    path.write_bytes(caffemodel(state | {"ip2.weight": torch.ones(10, 400)}))
    assert re.search(r"'ip2\.weight' has shape \(10, 400\) in .*, \(10, 500\) in the model", refused(path, LeNet()))
    path.write_bytes(caffemodel(state | {"ip2.more": torch.ones(1)}))
    assert re.search("layer 'ip2' of .* has 3 blobs", refused(path, LeNet()))
    path.write_bytes(caffemodel(state | {"conv1.bias": torch.full((20,), torch.nan)}))
    assert re.search(r"'conv1\.bias' of .* holds NaN", refused(path, LeNet()))


@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_caffe_file_is_refused(tmp_path: Path, twentieth: int) -> None:
    path = tmp_path / "net.caffemodel"
    content = caffemodel(LeNet().state_dict())
    path.write_bytes(content[: len(content) * twentieth // 20])
    assert refused(path, LeNet())
