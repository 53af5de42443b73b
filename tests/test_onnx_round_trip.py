"""Every architecture written by ``torch.onnx.export`` and read back: the same numbers, the same sums of products."""

import warnings
from pathlib import Path

import pytest
import torch
from torch.export import Dim

from adequate.network import trace
from adequate.network.onnx import read_onnx
from tests.architectures import ARCHITECTURES, Architecture, Row
from tests.architectures.outputs import evaluated, furthest

BATCH = 3

WARNED = (
    r".*LeafSpec.* is deprecated",  # torch's own use
    r".*axis name: batch will not be used",  # of the second input: it is the first one's
    r"(?s).*_flat_weights.*assigned during export",  # recurrent modules list their parameters
    r"_check_is_size will be removed",  # in torch's rewriting of recurrent modules as loops
    r"The \.grad attribute of a Tensor that is not a leaf",  # in the same
)
"""What torch says about its own exporter."""


def export(architecture: Architecture, path: Path) -> None:
    inputs = architecture.inputs(BATCH)
    free = tuple({0: Dim("batch")} for _ in inputs)
    with warnings.catch_warnings():
        for message in WARNED:
            warnings.filterwarnings("ignore", message)
        model = architecture.model()
        torch.onnx.export(model, inputs, path, dynamo=True, dynamic_shapes=free, verbose=False, external_data=False)


def in_a_file(row: Row, found: Row) -> Row:
    """What a row of the table becomes in ONNX, where names are the nodes'.

    A matrix product by a parameter is a linear layer of its transpose. A weight that the model computes, such as a
    transposed one, is a tensor of its own.
    """
    operation = "linear" if row.operation == "matmul" and row.weights else row.operation
    computed = row.operation == "linear" and row.weights == 0
    return Row(found.name, operation, row.macs, found.weights if computed else row.weights)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
def test_round_trip(architecture: Architecture, tmp_path: Path) -> None:
    export(architecture, tmp_path / "model.onnx")
    module, _ = read_onnx(tmp_path / "model.onnx")
    inputs = architecture.inputs(BATCH)
    got, wanted = evaluated(module, inputs), evaluated(architecture.model(), inputs)
    # Relative to the range; the exporter folds batch norms and writes some functions as several nodes.
    assert furthest(got, wanted) <= 1e-5
    found = [Row(one.name, one.operation, one.macs, one.weights) for one in trace(module, inputs).multiplying]
    assert found == [in_a_file(row, one) for row, one in zip(architecture.layers, found, strict=True)]
