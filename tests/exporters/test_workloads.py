"""Workloads for outside tools: read back by those tools' rules they are the network's own products."""

import json
import re
from math import ceil, log2, prod
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import adequate as aq
from adequate.accelerators.loop_nest import loop_nest
from adequate.exporters.workloads import (
    export_workload,
    scalesim_convolutions,
    scalesim_products,
    timeloop_problem,
    zigzag_workload,
)
from adequate.formats import Fixed
from adequate.network import Network


class Mixed(nn.Module):
    """Strides that leave a row over or differ, groups, dilation, one layer called twice, a product of activations."""

    def __init__(self) -> None:
        super().__init__()
        self.strided = nn.Conv2d(3, 4, 3, stride=2)
        self.DPgrouped = nn.Conv2d(4, 6, 3, padding=1, groups=2)
        self.uneven = nn.Conv2d(6, 6, 2, stride=(1, 2), padding=(0, 3))
        self.dilated = nn.Conv2d(6, 5, (2, 3), dilation=(1, 2))
        self.twice = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dilated(self.uneven(self.DPgrouped(self.strided(x)))).flatten(2).mT
        x = self.twice(self.twice(x))
        return x @ x.mT


def networks() -> list[Network]:
    models = [(Mixed(), torch.zeros(1, 3, 14, 12))]
    models += [(aq.entry(name).build(), torch.zeros(aq.entry(name).example_shape)) for name in ("lenet", "resnet20")]
    return [aq.trace(model.eval(), x) for model, x in models]


@pytest.fixture(scope="module")
def traced() -> list[Network]:
    return networks()


def macs(network: Network) -> int:
    return sum(layer.calls * loop_nest(layer).macs for layer in network.layers if layer.multiplies)


def rows(text: str) -> list[list[str]]:
    """As SCALE-Sim reads them: the first line left out, and what is behind the last comma."""
    return [line.split(",")[:-1] for line in text.splitlines()[1:]]


def test_scalesim_counts_the_network_s_products(traced: list[Network]) -> None:
    for network in traced:
        total = 0
        for name, *numbers in rows(scalesim_convolutions(network)):
            height, width, r, s, channels, filters, stride = map(int, numbers)
            assert "DP" not in name
            assert r <= height and s <= width  # noqa: PT018
            rows_out, columns_out = ceil((height - r + stride) / stride), ceil((width - s + stride) / stride)
            total += rows_out * columns_out * r * s * channels * filters
        assert total == macs(network)
        assert sum(prod(map(int, numbers)) for _, *numbers in rows(scalesim_products(network))) == macs(network)


def test_rows_are_named_by_layer_call_and_group(traced: list[Network]) -> None:
    names = [name for name, *_ in rows(scalesim_products(traced[0]))]
    assert names[:5] == ["strided", "Dpgrouped/0", "Dpgrouped/1", "uneven", "dilated"]
    assert len(names) == len(set(names))


def test_timeloop_counts_the_layer_s_products_and_reads_its_activations(traced: list[Network]) -> None:
    for layer in (one for network in traced for one in network.layers if one.multiplies):
        problem, loops = json.loads(timeloop_problem(layer))["problem"], loop_nest(layer)
        shape, sizes = problem["shape"], problem["instance"]
        assert prod(sizes.values()) == loops.macs
        assert list(sizes) == shape["dimensions"]
        factors = {one["name"]: one["default"] for one in shape["coefficients"]}
        weights, inputs, outputs = shape["data-spaces"]
        for axis, terms in zip((0, 1), inputs["projection"][-2:], strict=True):
            last = sum((sizes[dimension] - 1) * factors[factor] for dimension, factor in terms)
            assert loops.size[axis] - loops.stride[axis] <= last < loops.size[axis]
        assert prod(sizes[one] for [[one]] in weights["projection"]) == loops.weights
        assert prod(sizes[one] for [[one]] in outputs["projection"]) == loops.outputs


def test_zigzag_counts_the_network_s_products_and_reads_its_activations(traced: list[Network]) -> None:
    for network in traced:
        names = [layer.name for layer in network.multiplying]
        design = aq.Design().with_layers(names, input=Fixed(8, 4), weight=Fixed(4, 3), output=Fixed(6, 2))
        found = json.loads(zigzag_workload(network, design))
        assert sum(prod(one["loop_sizes"]) for one in found) == macs(network)
        assert [one["id"] for one in found] == list(range(len(found)))
        for one in found:
            sizes = dict(zip(one["loop_dims"], one["loop_sizes"], strict=True))
            for axis, relation, size, padding in zip(
                "XY", one["dimension_relations"], one["pr_loop_sizes"], one["padding"], strict=True
            ):
                stride, dilation = map(int, re.findall(r"=(\d+)\*o.\+(\d+)\*f", relation)[0])
                last = stride * (sizes[f"O{axis}"] - 1) + dilation * (sizes[f"F{axis}"] - 1)
                assert size + sum(padding) - stride <= last < size + sum(padding)
            summed = sizes["C"] * sizes["FX"] * sizes["FY"]
            assert one["operand_precision"] == {"W": 4, "I": 8, "O": 12 + ceil(log2(summed)), "O_final": 6}


def test_zigzag_takes_floats_where_there_is_no_format(traced: list[Network]) -> None:
    for one in json.loads(zigzag_workload(traced[1], aq.Design())):
        assert set(one["operand_precision"].values()) == {32}


def contents(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_folder_holds_what_the_functions_say(traced: list[Network], tmp_path: Path) -> None:
    network = traced[0]
    names = [layer.name for layer in network.multiplying]
    design = aq.Design().with_layers(names[0], input=Fixed(8, 4), weight=Fixed(4, 3))
    for folder in (tmp_path / "a", tmp_path / "b"):
        export_workload(network, design, folder)
    made, again = (contents(tmp_path / name) for name in ("a", "b"))
    assert made == again
    assert made[Path("convolutions.csv")].decode() == scalesim_convolutions(network)
    assert made[Path("zigzag.yaml")].decode() == zigzag_workload(network, design)
    assert made[Path("products.csv")].decode() == scalesim_products(network)
    problems = sorted(name for name in made if name.parent == Path("timeloop"))
    assert [made[name].decode() for name in problems] == [timeloop_problem(layer) for layer in network.multiplying]
    bits = json.loads(made[Path("bits.json")])
    assert list(bits) == names
    assert bits[names[0]] == {"input": 8, "weight": 4, "output": None}
