"""Ristretto's layers: Caffe's own in floating point, their formats beside them."""

from pathlib import Path

import pytest
import torch

from adequate.design import Design
from adequate.emulation import emulate
from adequate.formats import Fixed, Minifloat, PowerOfTwo
from adequate.formats.minifloat import Underflow
from adequate.network import trace
from adequate.network.caffe import read_prototxt

LAYERS = {
    "ConvolutionRistretto": ("Convolution", "convolution_param { num_output: 4 kernel_size: 3 bias_term: false }"),
    "DeconvolutionRistretto": ("Deconvolution", "convolution_param { num_output: 4 kernel_size: 3 }"),
    "FcRistretto": ("InnerProduct", "inner_product_param { num_output: 4 }"),
    "LRNRistretto": ("LRN", "lrn_param { local_size: 3 }"),
}
FIXED = "bw_layer_in: 8 bw_layer_out: 6 bw_params: 4 fl_layer_in: 5 fl_layer_out: -1 fl_params: 7"


def text(kind: str, parameters: str, quantization: str) -> str:
    return f"""input: "data" input_shape {{ dim: [1, 2, 5, 5] }}
        layer {{ name: "x" type: "{kind}" bottom: "data" top: "x" {parameters}
                 quantization_param {{ {quantization} }} }}"""


def formats(folder: Path, kind: str, quantization: str) -> dict[str, str]:
    """The formats of one layer, in text form."""
    path = folder / "net.prototxt"
    path.write_text(text(kind, LAYERS[kind][1], quantization))
    return {slot: str(format) for slot, format in read_prototxt(path).formats["x"].items()}


@pytest.mark.parametrize("kind", LAYERS)
def test_they_are_caffes_layers_in_floating_point(tmp_path: Path, kind: str) -> None:
    plain, parameters = LAYERS[kind]
    modules = []
    for name in (kind, plain):
        path = tmp_path / f"{name}.prototxt"
        path.write_text(text(name, parameters, "precision: MINIFLOAT mant_bits: 3 exp_bits: 4"))
        modules.append(read_prototxt(path))
    ristretto, caffe = modules
    caffe.module.load_state_dict(ristretto.module.state_dict())
    x = torch.randn(2, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ristretto.module(x), caffe.module(x))
    assert set(ristretto.formats) == {"x"}
    assert not caffe.formats


@pytest.mark.parametrize("kind", ["ConvolutionRistretto", "DeconvolutionRistretto", "FcRistretto"])
def test_dynamic_fixed_point(tmp_path: Path, kind: str) -> None:
    expected = {"input": Fixed(8, 5), "output": Fixed(6, -1), "weight": Fixed(4, 7)}
    written = {slot: str(format) for slot, format in expected.items()}
    assert formats(tmp_path, kind, FIXED) == written
    assert formats(tmp_path, kind, f"precision: DYNAMIC_FIXED_POINT rounding_scheme: STOCHASTIC {FIXED}") == written


def test_what_is_not_said_has_32_bits_16_of_them_fractional(tmp_path: Path) -> None:
    assert set(formats(tmp_path, "FcRistretto", "").values()) == {"fixed(32,16)"}


def test_minifloat(tmp_path: Path) -> None:
    format = Minifloat(4, 3, underflow=Underflow.FLUSH)
    found = formats(tmp_path, "FcRistretto", "precision: MINIFLOAT mant_bits: 3 exp_bits: 4")
    assert found == dict.fromkeys(("input", "weight", "output"), str(format))
    found = formats(tmp_path, "LRNRistretto", "precision: MINIFLOAT mant_bits: 3 exp_bits: 4")
    assert found == dict.fromkeys(("input", "output"), str(format))


def test_powers_of_two(tmp_path: Path) -> None:
    found = formats(tmp_path, "ConvolutionRistretto", f"precision: INTEGER_POWER_OF_2_WEIGHTS {FIXED}")
    assert found == {"input": "fixed(8,5)", "output": "fixed(6,-1)", "weight": str(PowerOfTwo(4, -1))}
    assert (PowerOfTwo(4, -1).min_exponent, PowerOfTwo(3, 0).min_exponent) == (-8, -3)
    found = formats(tmp_path, "FcRistretto", "precision: INTEGER_POWER_OF_2_WEIGHTS exp_min: -3 exp_max: 0")
    assert found["weight"] == str(PowerOfTwo(3, 0))


@pytest.mark.parametrize(
    ("kind", "quantization", "reason"),
    [
        ("FcRistretto", "precision: FLOAT", "'precision' is FLOAT; understood are DYNAMIC_FIXED_POINT, MINIFLOAT, "),
        ("FcRistretto", "rounding_scheme: UP", "'rounding_scheme' is UP; understood are NEAREST, STOCHASTIC"),
        ("FcRistretto", "bw_params: 0", "'bw_params' must be an integer from 1"),
        ("FcRistretto", "bw_params: 99", "bits of fixed"),
        ("FcRistretto", "precision: MINIFLOAT exp_bits: 40", "exp of float"),
        ("FcRistretto", "precision: INTEGER_POWER_OF_2_WEIGHTS exp_min: -7", "exponents -7 to -1 fill no whole number"),
        ("LRNRistretto", "", "LRNRistretto takes MINIFLOAT alone, not DYNAMIC_FIXED_POINT"),
    ],
)
def test_what_is_no_format_is_refused(tmp_path: Path, kind: str, quantization: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        formats(tmp_path, kind, quantization)
    assert str(tmp_path / "net.prototxt") in str(caught.value)


def test_a_design_made_of_them_is_emulated(tmp_path: Path) -> None:
    """The sum of exact products of rounded operands, rounded once: written out in float64, which holds it exactly."""
    path = tmp_path / "net.prototxt"
    path.write_text(text("ConvolutionRistretto", LAYERS["ConvolutionRistretto"][1], FIXED.replace("-1", "2")))
    model = read_prototxt(path)
    [(name, slots)] = model.formats.items()
    design = Design().with_layers(name, **slots)
    x = 2 * torch.randn(3, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    weight = model.module.state_dict()["x.weight"]

    def rounded(t: torch.Tensor, bits: int, frac: int) -> torch.Tensor:
        codes = (t.double() * 2.0**frac).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return codes * 2.0**-frac

    exact = torch.nn.functional.conv2d(rounded(x, 8, 5), rounded(weight, 4, 7))
    with torch.inference_mode():
        y = emulate(trace(model.module, model.example), design)(x)
    assert torch.equal(y.double(), rounded(exact, 6, 2))
