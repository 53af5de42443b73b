"""A network and its design through a file: the same design, the same numbers, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.exporters import export_onnx, export_qonnx
from adequate.formats import E4M3, E5M2, Binary, Fixed, Format, Minifloat, Rounding, Scaled, Specials
from adequate.network import Network, trace
from adequate.network.normalization import WithinChannelLRN
from tests.exporters.onnx_models import check_round_trip

Export = Callable[[Network, Design, Path], None]

EXPORTS = pytest.mark.parametrize("export", [export_qonnx, export_onnx])


class Small(nn.Module):
    """What convolutional networks are made of: a branch, a sum, a concatenation, pooling, layers used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.turned = nn.ConvTranspose2d(4, 4, 2, groups=2)
        self.again = nn.Conv2d(4, 4, 1)
        self.depth = nn.Conv2d(4, 8, 3, groups=4, bias=False)
        self.act = nn.ReLU()
        self.pool = nn.AvgPool2d(2)
        self.fc = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.act(self.conv(x))
        y = self.act(self.again(self.again(x)))
        z = torch.cat([x + y, self.turned(y)[:, :, :-1, :-1]], 1)
        z = self.pool(self.depth(z[:, 2:6]))
        tokens = z.flatten(2).mT
        return self.fc(z.flatten(2)), tokens @ tokens.mT


@pytest.fixture(scope="module")
def small() -> Network:
    torch.manual_seed(3)
    return trace(Small().eval(), torch.randn(2, 3, 10, 10))


def test_every_layer_has_a_node_of_its_name(small: Network, tmp_path: Path) -> None:
    for export in (export_qonnx, export_onnx):
        again = check_round_trip(
            _written(export, small, Design(), tmp_path), small, Design(), torch.randn(2, 3, 10, 10)
        )
        assert {layer.name for layer in small.layers} <= {layer.name for layer in again.layers}


def _written(export: Export, network: Network, design: Design, folder: Path) -> Path:
    export(network, design, folder / "model.onnx")
    return folder / "model.onnx"


class Passing(nn.Module):
    """Layers that pass their operand on, and normalisations of several calls."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout()
        self.across, self.within = nn.LocalResponseNorm(3), WithinChannelLRN(3, 0.01, 0.75)

    def forward(self, x: Tensor) -> Tensor:
        return self.within(self.across(self.drop(x).clone())) + self.drop(x)


@EXPORTS
def test_formats_of_layers_without_a_node_of_their_own(export: Export, tmp_path: Path) -> None:
    network = trace(Passing().eval(), torch.zeros(2, 6, 5, 5))
    one, other = LayerDesign(output=Fixed(8, 4)), LayerDesign(Fixed(6, 2), output=Fixed(8, 5))
    design = Design({"drop": one, "clone": one, "drop#2": one, "across": other, "within": one, "add": other})
    check_round_trip(_written(export, network, design, tmp_path), network, design, torch.randn(3, 6, 5, 5))
    with pytest.raises(
        ValueError, match=r"'drop' \(dropout\): its input, .*; layer 'within' \(lrn\): its input, which"
    ):
        export(network, design.with_layers(["drop", "within"], input=Fixed(8, 4)), tmp_path / "model.onnx")


@EXPORTS
def test_scales_along_what_is_made_a_matrix_are_refused(export: Export, tmp_path: Path) -> None:
    network = trace(nn.Sequential(nn.Linear(4, 2)), torch.zeros(2, 3, 4))
    design = Design({"0": LayerDesign(output=Scaled(Fixed(8, 0), (0.5, 0.25), axis=-1))})
    with pytest.raises(ValueError, match="its output, which has scales along an axis of what is made a matrix"):
        export(network, design, tmp_path / "model.onnx")


def integer(random: Random, whole: bool) -> Fixed:
    """An integer element that the exporter says; ``whole``: as ONNX has them, else as QONNX."""
    bits = random.choice([2, 3, 4, 5, 7, 8, 16]) if whole else random.randint(2, 16)
    signed = random.random() < 0.7
    rounding = Rounding.NEAREST_EVEN
    if not whole:
        rounding = random.choice([one for one in Rounding if one is not Rounding.STOCHASTIC])
    return Fixed(bits, 0, signed=signed, narrow=signed and random.random() < 0.3, rounding=rounding)


def minifloat(random: Random, whole: bool) -> Minifloat:
    if whole:
        return random.choice([E4M3, E5M2, Minifloat(4, 3, bias=8), Minifloat(5, 2, bias=16)])
    exp = random.randint(2, 5)
    bias = random.choice([None, 2 ** (exp - 1) + 1])
    return Minifloat(exp, random.randint(1, 4), bias, specials=random.choice([Specials.NONE, Specials.NAN]))


def format_of(random: Random, whole: bool, along: tuple[int, int] | None) -> Format:
    """A format of a slot; ``along``: how many scales it may have, and along which axis."""
    kind = random.random()
    if kind < 0.35:
        element = integer(random, whole)
        return Fixed(
            element.bits, random.randint(-1, 9), element.signed, element.narrow, element.rounding, element.overflow
        )
    if kind < 0.5:
        return minifloat(random, whole)
    if kind < 0.55 and not whole:
        return random.choice([Binary(), Scaled(Binary(), 0.375)])
    element = random.choice([integer, integer, minifloat])(random, whole)
    count, axis = along if along is not None and random.random() < 0.6 else (1, None)
    scales = tuple(random.choice([0.25, 0.5, 0.0625, random.uniform(0.01, 0.3)]) for _ in range(count))
    scales = tuple(torch.tensor(one, dtype=torch.float32).item() for one in scales)
    zero = 0
    if (
        isinstance(element, Fixed)
        and element.rounding in (Rounding.NEAREST_EVEN, Rounding.DOWN)
        and random.random() < 0.5
    ):
        zero = random.choice(element.word)
    if isinstance(element, Fixed) and element.rounding in (Rounding.DOWN, Rounding.TOWARD_ZERO):
        scales = tuple(2.0 ** round(torch.tensor(one).log2().item()) for one in scales)
    return Scaled(element, scales[0], zero) if axis is None else Scaled(element, scales, (zero,) * count, axis)


def design_of(random: Random, network: Network, whole: bool) -> Design:
    chosen: dict[str, LayerDesign] = {}
    for layer in network.layers:
        slots: dict[str, Format] = {}
        for slot in ("input", "weight", "output"):
            if random.random() < 0.35 or (slot == "weight" and not layer.multiplies):
                continue
            weight = slot == "weight" and layer.weight_shape is not None and layer.operation == "conv2d"
            slots[slot] = format_of(random, whole, (layer.weight_shape[0], 0) if weight else None)  # type: ignore[index]
        chosen[layer.name] = LayerDesign(**slots)  # type: ignore[arg-type]
    return Design(chosen)


@EXPORTS
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_any_design_that_can_be_said_is_read_back(export: Export, seed: int, small: Network, tmp_path: Path) -> None:
    random, x = Random(seed), torch.randn(2, 3, 10, 10, generator=torch.Generator().manual_seed(seed))
    design = design_of(random, small, export is export_onnx)
    check_round_trip(_written(export, small, design, tmp_path), small, design, x)


@pytest.mark.slow
@EXPORTS
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_many_designs_are_read_back(export: Export, seed: int, small: Network, tmp_path: Path) -> None:
    random, x = Random(seed), torch.randn(2, 3, 10, 10, generator=torch.Generator().manual_seed(seed))
    design = design_of(random, small, export is export_onnx)
    check_round_trip(_written(export, small, design, tmp_path), small, design, x)
