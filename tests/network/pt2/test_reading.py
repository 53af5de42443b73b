"""A program from a file is the program that was saved."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram, export, load, save
from torch.utils._pytree import tree_flatten

from adequate.design import Design
from adequate.emulation import emulate
from adequate.network import fold_batchnorm, trace
from adequate.network.pt2 import read_pt2
from tests.architectures import ARCHITECTURES, Architecture


def stored(program: ExportedProgram, folder: Path) -> Path:
    path = folder / "program.pt2"
    save(program, path)
    return path


def exported(model: nn.Module, inputs: tuple[Tensor, ...]) -> ExportedProgram:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The tensor attributes", UserWarning)  # torch's own, of recurrent layers
        return export(model, inputs, dynamic_shapes=tuple({0: Dim.AUTO} for _ in inputs))


def assert_same(got: Any, wanted: Any) -> None:
    """The same structure, and the same bits in every tensor."""
    (gots, structure), (wanteds, wanted_structure) = tree_flatten(got), tree_flatten(wanted)
    assert structure == wanted_structure
    assert all(torch.equal(one, other) for one, other in zip(gots, wanteds, strict=True))


SOME = ("Detector", "EfficientNet", "GRUTagger", "MultiInput", "ShuffleNet", "UNet")
"""Several outputs, gates, a recurrent layer, several inputs, channels reordered, transposed convolutions."""


@pytest.mark.parametrize(
    "architecture",
    [one if one.name in SOME else pytest.param(one, marks=pytest.mark.slow) for one in ARCHITECTURES],
    ids=lambda one: one.name,
)
def test_it_is_what_torch_loads(architecture: Architecture, tmp_path: Path) -> None:
    inputs = architecture.inputs(3, torch.float32)
    path = stored(exported(architecture.model(torch.float32).eval(), inputs), tmp_path)
    program, example = read_pt2(path)
    trusted = load(path)
    assert trace(program, example).layers == trace(trusted, inputs).layers
    assert [one.shape[1:] for one in example] == [one.shape[1:] for one in inputs]
    with torch.no_grad():
        assert_same(program.module()(*inputs), trusted.module()(*inputs))


def test_the_batch_stays_free_and_names_are_the_users(saved: Path, small: nn.Module) -> None:
    network = trace(*read_pt2(saved))
    assert [layer.name for layer in network.multiplying] == ["conv", "fc"]
    assert network["conv"].output_shape == (None, 3, 6, 6)
    assert network.macs == 3 * 9 * 36 + 108 * 4
    assert dict(network.graph.named_parameters()).keys() == dict(small.named_parameters()).keys()
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(emulate(network, Design())(images), small(images))
        assert torch.allclose(emulate(fold_batchnorm(network), Design())(images), small(images), atol=1e-5)


def test_containers_names_and_values_in_a_program_for_training(tmp_path: Path) -> None:
    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.norm = nn.BatchNorm1d(4)

        def forward(self, x: Tensor, more: dict[str, list[Tensor]]) -> dict[str, Any]:
            with torch.no_grad():
                z = self.fc(x) + 1
            left, right = torch.split(z, 2, 1)
            values, _ = torch.max(self.norm(z), dim=1)
            return {"sum": left + more["pair"][0], "rest": (right, values.clamp(max=float("inf")))}

    torch.manual_seed(0)
    given = ((torch.rand(3, 4),), {"more": {"pair": [torch.rand(3, 2)]}})
    free = {"x": {0: Dim.AUTO}, "more": {"pair": [{0: Dim.AUTO}]}}
    path = stored(export(Packed().train(), *given, dynamic_shapes=free), tmp_path)
    program, example = read_pt2(path)
    assert [tuple(one.shape) for one in example] == [(1, 4), (1, 2)]
    trusted = load(path)
    assert_same(program.module()(*given[0], **given[1]), trusted.module()(*given[0], **given[1]))
    assert_same(dict(program.named_buffers()), dict(trusted.named_buffers()))


@pytest.mark.parametrize("fixed", [1, 3])
def test_a_batch_fixed_at_the_export_is_made_free(small: nn.Module, tmp_path: Path, fixed: int) -> None:
    path = stored(export(small, (torch.zeros(fixed, 1, 8, 8),)), tmp_path)
    network = trace(*read_pt2(path))
    assert network.batch is None
    assert network["fc"].output_shape == (None, 4)
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(emulate(network, Design())(images), small(images))


class OverTheBatch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum(0)


class OnlyTheFirst(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[0]


class WithAFirstToken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([torch.ones(1, 1, 4), x], dim=1)


@pytest.mark.parametrize(
    ("model", "fixed"),
    [
        (OverTheBatch(), 1),
        (OverTheBatch(), 3),
        (OnlyTheFirst(), 1),
        (OnlyTheFirst(), 3),
        (WithAFirstToken(), 1),
        (nn.GRU(4, 4, batch_first=True), 1),
        (nn.GRU(4, 4, batch_first=True), 3),
    ],
)
def test_a_batch_that_shapes_depend_on_stays_fixed(model: nn.Module, fixed: int, tmp_path: Path) -> None:
    x = torch.rand(fixed, 5, 4, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The tensor attributes", UserWarning)  # torch's own, of recurrent layers
        program = export(model, (x,))
    program, example = read_pt2(stored(program, tmp_path))
    assert trace(program, example).batch == fixed
    with torch.no_grad():
        assert_same(program.module()(x), model(x))


def test_shared_weights_stay_shared(tmp_path: Path) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4, bias=False)
            self.last = nn.Linear(4, 4, bias=False)
            self.last.weight = self.first.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.first(x))

    path = stored(export(Tied(), (torch.zeros(2, 4),)), tmp_path)
    program, example = read_pt2(path)
    assert trace(program, example).parameters == trace(load(path), example).parameters


def test_shapes_are_computed_not_believed(forge: Any, saved: Path) -> None:
    def lie(program: dict[str, Any]) -> None:
        values = program["graph_module"]["graph"]["tensor_values"]
        values["conv2d"]["sizes"][1] = {"as_int": 7}

    assert trace(*read_pt2(forge(edit=lie))).layers == trace(*read_pt2(saved)).layers


def test_sizes_of_the_program_that_do_not_fit_its_weights(forge: Any) -> None:
    def widen(program: dict[str, Any]) -> None:
        program["graph_module"]["graph"]["tensor_values"]["images"]["sizes"][1] = {"as_int": 2}

    with pytest.raises(ValueError, match=r"aten\.conv2d\.default cannot be computed: .*channels"):
        read_pt2(forge(edit=widen))


def test_what_an_older_torch_saved_is_refused_with_the_remedy(forge: Any) -> None:
    with pytest.raises(ValueError, match="schema version 7; read is 8"):
        read_pt2(forge(edit=lambda program: program["schema_version"].update(major=7)))
    with pytest.raises(ValueError, match="torch 2.13 writes it"):
        read_pt2(forge({"data/weights/model_weights_config.json": None}))
    with pytest.raises(ValueError, match="holds 0 programs"):
        read_pt2(forge({"models/model.json": None}))


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pt2(tmp_path / "none.pt2")


def test_more_containers_than_values(forge: Any) -> None:
    def deepen(program: dict[str, Any]) -> None:
        tree: dict[str, Any] = {"type": None, "context": None, "children_spec": []}
        for _ in range(100):
            tree = {"type": "builtins.tuple", "context": "null", "children_spec": [tree]}
        program["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = json.dumps([1, tree])

    with pytest.raises(ValueError, match="more than 50 containers deep"):
        read_pt2(forge(edit=deepen))
