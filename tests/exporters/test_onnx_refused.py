"""What a file cannot say is refused by name; names do no harm; the same calls write the same bytes."""

from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exporters import export_onnx, export_qonnx
from adequate.formats import (
    Binary,
    Codebook,
    Fixed,
    Minifloat,
    Overflow,
    PowerOfTwo,
    Rounding,
    Scaled,
    SharedExponent,
    Ternary,
    Underflow,
)
from adequate.network import Network, trace
from adequate.network.reading import read
from adequate.operators import Accumulator, Drum, Order, SignMagnitude
from tests.exporters.onnx_models import check_round_trip


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return trace(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), torch.zeros(2, 4))


BOTH = [
    (PowerOfTwo(4), "is a pow2"),
    (Codebook((-1.0, 0.5, 2.0)), "is a codebook"),
    (Ternary(), "is a ternary"),
    (Scaled(Fixed(4, 0, narrow=True), SharedExponent(2), axis=-1), "shares exponents"),
    (Fixed(8, 4, overflow=Overflow.WRAP), "wraps"),
    (Fixed(8, 140), "has the step 2\\*\\*-140"),
    (Fixed(8, 4, rounding=Rounding.STOCHASTIC), "rounds stochastic"),
]
QONNX = [
    (Fixed(1, 0), "has 1 bits"),
    (Fixed(25, 0), "has 25 bits"),
    (Minifloat(4, 3, underflow=Underflow.FLUSH), "has no subnormal numbers"),
    (Minifloat(3, 0), "has no subnormal numbers or no mantissa"),
    (Scaled(Fixed(8, 0, rounding=Rounding.NEAREST_AWAY), 0.5, zero=3), "rounds nearest_away with a zero point"),
]
ONNX = [
    (Binary(), "is no integer"),
    (Fixed(12, 4), "has 12 bits"),
    (Fixed(8, 4, rounding=Rounding.DOWN), "rounds down"),
    (Minifloat(4, 3), "is no integer and none of"),
]
CASES = [(export_qonnx, *case) for case in BOTH + QONNX] + [(export_onnx, *case) for case in BOTH + ONNX]


@pytest.mark.parametrize(("export", "format", "reason"), CASES, ids=lambda one: getattr(one, "__name__", str(one)))
def test_a_format_is_refused(export: Any, format: Any, reason: str, network: Network, tmp_path: Path) -> None:
    design = Design({"0": LayerDesign(weight=Fixed(8, 7)), "1": LayerDesign(output=format)})
    with pytest.raises(ValueError, match=f"NX cannot say layer '1' \\(relu\\): its output, which {reason}") as error:
        export(network, design, tmp_path / "model.onnx")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_all_that_is_refused_is_named_at_once(network: Network, tmp_path: Path) -> None:
    register = Accumulator(Fixed(16, 8), Order.SEQUENTIAL)
    whole = LayerDesign(Fixed(8, 4), Fixed(8, 7), SignMagnitude(Drum(8, 8, 3)), register)
    design = Design({"0": whole, "1": LayerDesign(output=PowerOfTwo(4))})
    with pytest.raises(ValueError, match=r"layer '0' \(linear\): its multiplier or accumulator.*; layer '1' \(relu\)"):
        export_qonnx(network, design, tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="no such layer 'x'"):
        export_onnx(network, Design({"x": whole}), tmp_path / "model.onnx")


class Odd(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cumsum(x, 1).erfinv()


class Scalar(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 0.1


def test_operations_are_refused_with_those_that_are_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'cumsum' \(cumsum\); 'erfinv' \(erfinv\).*conv2d"):
        export_onnx(trace(Odd(), torch.zeros(2, 3)), Design(), tmp_path / "model.onnx")


def test_a_number_that_float32_has_not_is_refused_where_it_is_computed_with_exactly(tmp_path: Path) -> None:
    network = trace(Scalar(), torch.zeros(2, 3))
    check = torch.linspace(-2, 2, 12).reshape(-1, 3)
    export_onnx(network, Design(), tmp_path / "model.onnx")
    check_round_trip(tmp_path / "model.onnx", network, Design(), check)
    with pytest.raises(ValueError, match="its operand 0.1, which is no float32 number"):
        export_onnx(network, Design({"mul": LayerDesign(output=Fixed(8, 4))}), tmp_path / "model.onnx")


@pytest.mark.parametrize("export", [export_qonnx, export_onnx])
def test_the_same_bytes_twice(export: Any, network: Network, tmp_path: Path) -> None:
    eight = Scaled(Fixed(8, 0), 0.375, zero=3)
    design = Design({"0": LayerDesign(eight, Scaled(Fixed(5, 0), (0.125, 0.5, 0.25), axis=0), output=eight)})
    for name in ("a", "b"):
        export(network, design, tmp_path / f"{name}.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]


NAMES = {
    "/etc/passwd": "/etc/passwd",
    "é 中文": "é 中文",
    "0/input": "0/input",
    "0": "0",
    "a'b": "a_b",
    "{x}$(y)`": "_x_$_y__",
    "weight": "weight_",
}
"""Names of layers, and what they are when read: without what could end a string of code, or hide a module's own."""


@pytest.mark.parametrize("export", [export_qonnx, export_onnx])
def test_hostile_names(export: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential()
    for name in NAMES:
        model.add_module(name, nn.Linear(3, 3))
    network = trace(model, torch.zeros(2, 3))
    chosen = LayerDesign(Fixed(8, 4), Fixed(8, 6), output=Fixed(8, 3))
    design = Design(dict.fromkeys(NAMES, chosen))
    (tmp_path / "inside").mkdir()
    export(network, design, tmp_path / "inside/model.onnx")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["inside", "model.onnx"]
    again, said = read(tmp_path / "inside/model.onnx")
    assert said == Design(dict.fromkeys(NAMES.values(), chosen))
    x = torch.randn(20, 3)
    assert torch.equal(emulate(again, said)(x), emulate(network, design)(x))
    nodes = {node.name for node in onnx.load(tmp_path / "inside/model.onnx").graph.node}
    assert nodes >= set(NAMES)
