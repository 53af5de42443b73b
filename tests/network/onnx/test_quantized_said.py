"""Slots that a file says of its quantisers: taken where its nodes agree, else the quantiser stays."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from onnx import ModelProto, helper

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Fixed
from adequate.network import trace
from adequate.network.onnx import example_inputs, module_of
from adequate.network.onnx.graph import SLOT
from adequate.network.onnx.quantized import design_of, take_formats
from tests.network.onnx.quantized_models import graph_of, model, qdq, run, single

EIGHT, ONE = Fixed(8, 4), Fixed(8, 1)
SCALES = {"s": single(2.0**-4), "t": single(0.5), "z": np.zeros((), np.int8)}
CODES = np.random.default_rng(0).integers(-127, 128, (3, 3)).astype(np.int8)


def said(proto: ModelProto, slots: Mapping[str, str]) -> ModelProto:
    """The model, its quantisers' slots said."""
    for node in proto.graph.node:
        if node.name in slots:
            node.metadata_props.add(key=SLOT, value=slots[node.name])
    return proto


def check(proto: ModelProto, folder: Path, expected: Mapping[str, LayerDesign]) -> None:
    taken = take_formats(graph_of(proto, folder))
    network = trace(module_of(taken.graph), example_inputs(taken.graph))
    design = design_of(taken.formats, network)
    assert design == Design(expected)
    x = (np.random.default_rng(1).standard_normal((50, 3)) * 3).astype(np.float32)
    assert np.array_equal(emulate(network, design)(torch.from_numpy(x)).detach().numpy(), run(proto, x)[0])


def chain() -> ModelProto:
    """x - Relu - quantiser - MatMul - quantiser - Relu."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], "first"),
        *qdq("before", "a", "b", "s", "z"),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["w"], "kernel"),
        helper.make_node("MatMul", ["b", "w"], ["c"], "product"),
        *qdq("after", "c", "d", "t", "z"),
        helper.make_node("Relu", ["d"], ["y"], "last"),
    ]
    return model(nodes, SCALES | {"codes": CODES})


def test_nothing_said(tmp_path: Path) -> None:
    product = LayerDesign(input=EIGHT, weight=EIGHT, output=ONE)
    check(chain(), tmp_path, {"first": LayerDesign(output=EIGHT), "product": product})


def test_an_input_and_an_output_are_told_apart(tmp_path: Path) -> None:
    slots = {"kernel": "weight", "before": "input", "after": "input"}
    expected = {"product": LayerDesign(input=EIGHT, weight=EIGHT), "last": LayerDesign(input=ONE)}
    check(said(chain(), slots), tmp_path, expected)


def test_a_product_is_told_no_more_than_is_said(tmp_path: Path) -> None:
    slots = {"kernel": "weight", "before": "output", "after": "layer"}
    first, after = LayerDesign(output=EIGHT), LayerDesign(output=ONE)
    check(said(chain(), slots), tmp_path, {"first": first, "product": LayerDesign(weight=EIGHT), "after": after})


def test_what_only_some_quantisers_say_is_not_heard(tmp_path: Path) -> None:
    product = LayerDesign(input=EIGHT, weight=EIGHT, output=ONE)
    check(said(chain(), {"before": "input"}), tmp_path, {"first": LayerDesign(output=EIGHT), "product": product})
    slots = {"kernel": "weight", "before": "input", "after": "nonsense"}
    check(said(chain(), slots), tmp_path, {"first": LayerDesign(output=EIGHT), "product": product})


def sum_of(*operands: str, nodes: list, slots: Mapping[str, str]) -> ModelProto:
    added = [*nodes, helper.make_node("Add", list(operands), ["y"], "sum")]
    return said(model(added, SCALES | {"c": single([0.3, 0.5, 1])}), slots)


def test_a_sum_has_an_input_where_all_it_reads_is_quantised_alike(tmp_path: Path) -> None:
    a, b = qdq("a", "x", "p", "s", "z"), qdq("b", "x", "q", "s", "z")
    one, both = LayerDesign(input=EIGHT), {"a": "input", "b": "input"}
    check(sum_of("p", "q", nodes=a + b, slots=both), tmp_path, {"sum": one})
    check(sum_of("p", "p", nodes=a, slots=both), tmp_path, {"sum": one})


def test_else_its_quantisers_stay(tmp_path: Path) -> None:
    """One operand as it is, two formats, and a constant that is no number of the format."""
    a, b = qdq("a", "x", "p", "s", "z"), qdq("b", "x", "q", "t", "z")
    both, first, second = {"a": "input", "b": "input"}, LayerDesign(output=EIGHT), LayerDesign(output=ONE)
    check(sum_of("p", "x", nodes=a, slots=both), tmp_path, {"a": first})
    check(sum_of("p", "q", nodes=a + b, slots=both), tmp_path, {"a": first, "b": second})
    check(sum_of("p", "c", nodes=a, slots=both), tmp_path, {"a": first})


def test_an_output_that_others_read_too_is_none(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"], "relu"), *qdq("q", "a", "b", "t", "z")]
    check(sum_of("a", "b", nodes=nodes, slots={"q": "output"}), tmp_path, {"q": LayerDesign(output=ONE)})
