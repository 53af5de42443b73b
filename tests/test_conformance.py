"""The laws of tracing and emulation on networks of every kind (``tests/architectures``)."""

from functools import cache

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_leaves

from adequate.calibration import min_max
from adequate.design import Design
from adequate.emulation import emulate, emulate_expanded
from adequate.exploration import dynamic_fixed
from adequate.formats import Fixed, Minifloat
from adequate.network import Network, fold_batchnorm, trace
from adequate.profiling import Ranges, profile
from tests.architectures import ARCHITECTURES, SEVERAL_LAYERS_IN_A_CALL, SHALLOW, Architecture, Row
from tests.architectures.outputs import assert_identical, evaluated, furthest
from tests.error_bounds import ErrorBounds
from tests.error_rules import Bounded

BATCH = 3

DEEP = ("DenseNet", "EfficientNet", "GoogLeNet", "GRUTagger", "MobileNetV2", "MobileNetV3", "ResNetBottleneck",
        "ShuffleNet", "TransformerEncoder")  # fmt: skip
"""Those that take long to trace once more, in float64; others have their kinds of layers too."""

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
each_in_float64 = pytest.mark.parametrize(
    "architecture",
    [pytest.param(one, marks=[pytest.mark.slow] * (one.name in DEEP)) for one in ARCHITECTURES],
    ids=lambda one: one.name,
)
both_dtypes = pytest.mark.parametrize(
    "dtype", [torch.float32, pytest.param(torch.float64, marks=pytest.mark.slow)], ids=["float32", "float64"]
)


@cache
def traced(architecture: Architecture, dtype: torch.dtype) -> Network:
    return trace(architecture.model(dtype), architecture.inputs(BATCH, dtype))


@cache
def ranges(architecture: Architecture) -> Ranges:
    inputs, labels = architecture.inputs(BATCH), torch.zeros(BATCH)
    return profile(traced(architecture, torch.float32), [(inputs if len(inputs) > 1 else inputs[0], labels)])


def fixed(architecture: Architecture, bits: int) -> Design:
    """Dynamic fixed point on every layer: whole sums of products, the outputs of all others.

    A mask fills with minus infinity, which no fixed-point format has.
    """
    seen = ranges(architecture)
    design = dynamic_fixed(seen, bits, calibration=min_max)
    for name, one in seen.items():
        if name not in design and one.output is not None and one.operation != "masked_fill":
            design = design.with_layers([name], output=Fixed.fit(one.output.interval, bits))
    return design


def real(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The same numbers in float64."""
    return tuple(one.double() if one.is_floating_point() else one for one in inputs)


@torch.no_grad()
def bounds(architecture: Architecture, design: Design) -> list[Bounded]:
    """The real outputs, up to float64's rounding, and how far ``design`` may be from each."""
    network = traced(architecture, torch.float64)
    return tree_leaves(ErrorBounds(network, design, torch.float32).run(*real(architecture.inputs(BATCH))))


@torch.no_grad()
def assert_within(architecture: Architecture, design: Design, bounds: list[Bounded]) -> None:
    emulated = tree_leaves(emulate_expanded(traced(architecture, torch.float32), design)(*architecture.inputs(BATCH)))
    model = tree_leaves(evaluated(architecture.model(torch.float64), real(architecture.inputs(BATCH))))
    for got, wanted, bound in zip(emulated, model, bounds, strict=True):
        torch.testing.assert_close(bound.value, wanted, rtol=1e-12, atol=1e-13)  # taken apart, float64 rounds otherwise
        assert torch.isfinite(bound.error).all()
        beyond = (got.double() - wanted).abs() - bound.error
        assert beyond.max() <= 0, f"{float(beyond.max())} beyond the bound"


@every_architecture
def test_every_sum_of_products_is_listed_with_the_counts_derived_by_hand(architecture: Architecture) -> None:
    layers = traced(architecture, torch.float32).multiplying
    assert tuple(Row(one.name, one.operation, one.macs, one.weights) for one in layers) == architecture.layers


@every_architecture
def test_parameters_are_the_users(architecture: Architecture) -> None:
    network, model = traced(architecture, torch.float32), architecture.model()
    assert network.parameters == architecture.parameters
    assert dict(network.graph.named_parameters()).keys() == dict(model.named_parameters()).keys()
    assert network.state().keys() == model.state_dict().keys()
    assert all(torch.equal(network.state()[name], tensor) for name, tensor in model.state_dict().items())


@every_architecture
@both_dtypes
@pytest.mark.parametrize("batch", [BATCH, 2, 1])
def test_empty_design_is_the_model_bit_for_bit(architecture: Architecture, dtype: torch.dtype, batch: int) -> None:
    inputs = architecture.inputs(batch, dtype)
    with torch.no_grad():
        emulated = emulate(traced(architecture, dtype), Design())(*inputs)
    assert_identical(emulated, evaluated(architecture.model(dtype), inputs))


@every_architecture
@pytest.mark.parametrize(
    ("dtype", "bound"),
    [(torch.float32, 1e-6), pytest.param(torch.float64, 1e-12, marks=pytest.mark.slow)],
    ids=["float32", "float64"],
)
def test_folding_changes_rounding_only(architecture: Architecture, dtype: torch.dtype, bound: float) -> None:
    network = traced(architecture, dtype)
    folded = fold_batchnorm(network)
    inputs = architecture.inputs(BATCH, dtype)
    with torch.no_grad():
        before, after = emulate(network, Design())(*inputs), emulate(folded, Design())(*inputs)
    assert furthest(after, before) <= bound


@pytest.mark.parametrize("architecture", SEVERAL_LAYERS_IN_A_CALL, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("dtype", "same", "bound"),
    [
        (torch.float32, Minifloat(7, 23), 1e-6),
        pytest.param(torch.float64, Minifloat(9, 50), 1e-12, marks=pytest.mark.slow),
    ],
    ids=["float32", "float64"],
)
def test_taking_apart_changes_rounding_only(
    architecture: Architecture, dtype: torch.dtype, same: Minifloat, bound: float
) -> None:
    """Attention and recurrent networks, opened by a format on each part.

    In float32 it changes none of these values; in float64 it has the 51 significant bits that sums are rounded to.
    """
    network = traced(architecture, dtype)
    whole = {node.name for node in network.graph.graph.nodes}
    parts = [one.name for one in network.layers if whole.isdisjoint(one.nodes)]
    inputs = architecture.inputs(BATCH, dtype)
    with torch.no_grad():
        before = emulate(network, Design())(*inputs)
        after = emulate(network, Design().with_layers(parts, output=same))(*inputs)
    assert furthest(after, before) <= bound


@each_in_float64
def test_float32_is_within_its_rounding(architecture: Architecture) -> None:
    """The bound of an empty design: what the sums in float32 may differ from the real ones."""
    assert_within(architecture, Design(), bounds(architecture, Design()))


@each_in_float64
def test_sixteen_bits_are_within_the_bound_of_their_formats(architecture: Architecture) -> None:
    design = fixed(architecture, 16)
    assert_within(architecture, design, bounds(architecture, design))


@pytest.mark.parametrize("architecture", SHALLOW, ids=lambda one: one.name)
def test_bound_of_sixteen_bits_tells_six(architecture: Architecture) -> None:
    """Through few layers the bound is so close that six bits break it."""
    with pytest.raises(AssertionError, match="beyond"):
        assert_within(architecture, fixed(architecture, 6), bounds(architecture, fixed(architecture, 16)))


@every_architecture
@pytest.mark.parametrize("bits", [None, 16])
def test_one_training_step(architecture: Architecture, bits: int | None) -> None:
    design = Design() if bits is None else fixed(architecture, bits)
    emulated = emulate(traced(architecture, torch.float32), design).train()
    outputs = tree_flatten(emulated(*architecture.inputs(BATCH)))[0]
    sum(one.square().mean() for one in outputs).backward()
    for name, parameter in emulated.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
