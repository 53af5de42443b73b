"""ONNX's operators, each a function of tensors named after it."""

from collections.abc import Mapping

from adequate.network.onnx.operator import Operator, elementwise, operator_of
from adequate.network.onnx.operators.activation import ACTIVATIONS
from adequate.network.onnx.operators.arithmetic import ARITHMETIC, BINARY, UNARY
from adequate.network.onnx.operators.convolution import CONVOLUTIONS
from adequate.network.onnx.operators.indexing import INDEXINGS
from adequate.network.onnx.operators.movement import MOVEMENTS
from adequate.network.onnx.operators.normalization import NORMALIZATIONS
from adequate.network.onnx.operators.on_sizes import ON_SIZES
from adequate.network.onnx.operators.pooling import POOLINGS
from adequate.network.onnx.operators.product import PRODUCTS
from adequate.network.onnx.operators.recurrent import RECURRENT
from adequate.network.onnx.operators.reduction import REDUCTIONS
from adequate.network.onnx.operators.resize import RESIZES

FUNCTIONS = (
    CONVOLUTIONS
    | PRODUCTS
    | POOLINGS
    | NORMALIZATIONS
    | ACTIVATIONS
    | ARITHMETIC
    | REDUCTIONS
    | MOVEMENTS
    | INDEXINGS
    | RESIZES
    | RECURRENT
)

OPERATORS: Mapping[str, Operator] = {
    **{name: operator_of(function) for name, function in FUNCTIONS.items()},
    **{name: elementwise(function, 1) for name, function in UNARY.items()},
    **{name: elementwise(function, 2) for name, function in BINARY.items()},
}
"""By ONNX's name, in the form of the latest opset; ``-1`` marks an older one that cannot be put as the latest."""

IGNORED: Mapping[str, tuple[str, ...]] = {
    "BatchNormalization": ("momentum", "consumed_inputs", "is_test"),
    "Dropout": ("seed", "is_test"),
    "MaxPool": ("storage_order",),
    "LayerNormalization": ("stash_type",),
    "RMSNormalization": ("stash_type",),
    "GroupNormalization": ("stash_type",),
    "InstanceNormalization": ("consumed_inputs",),
    "Cast": ("saturate", "round_mode"),
    "CastLike": ("saturate", "round_mode"),
    "Resize": ("extrapolation_value",),
}
"""Attributes that say nothing about evaluation in float: momenta, seeds, how indices would be counted."""

__all__ = ["IGNORED", "ON_SIZES", "OPERATORS"]
