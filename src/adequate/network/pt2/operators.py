"""Which functions a program from a file may call: a list, and nothing beside it."""

import operator
import re
from collections.abc import Callable
from typing import Any

import torch

PRODUCTS = """
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution conv_depthwise3d
    linear addmm addmv addbmm baddbmm bmm mm mv dot matmul einsum bilinear outer tensordot cosine_similarity
    scaled_dot_product_attention lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell
    embedding one_hot
"""
NORMALISATIONS = """
    batch_norm native_batch_norm cudnn_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
    layer_norm native_layer_norm group_norm native_group_norm instance_norm rms_norm linalg_vector_norm
    norm
"""
ACTIVATIONS = """
    relu relu_ relu6 relu6_ leaky_relu leaky_relu_ prelu rrelu elu elu_ selu selu_ celu celu_ gelu glu silu silu_ mish
    mish_ hardtanh hardtanh_ hardswish hardswish_ hardsigmoid hardsigmoid_ hardshrink softshrink softplus sigmoid
    sigmoid_ log_sigmoid tanh tanh_ softmax _softmax log_softmax _log_softmax threshold threshold_
"""
POOLING = """
    max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool1d_with_indices max_pool3d_with_indices
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d
    upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d upsample_bicubic2d
    upsample_trilinear3d _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_bilinear2d_aa grid_sampler
    grid_sampler_2d affine_grid_generator im2col col2im
"""
ELEMENTWISE = """
    add add_ sub sub_ rsub mul mul_ div div_ true_divide floor_divide remainder fmod pow pow_ square sqrt sqrt_ rsqrt
    reciprocal neg neg_ abs abs_ absolute sign exp exp_ expm1 log log2 log10 log1p erf erfc sin cos tan asin acos atan
    atan2 sinh cosh floor floor_ ceil round trunc frac clamp clamp_ clamp_min clamp_min_ clamp_max clamp_max_ clip
    maximum minimum fmax fmin lerp addcmul addcdiv where masked_fill masked_fill_ nan_to_num isnan isinf isfinite
    eq ne lt le gt ge logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor
    __and__ __or__ __xor__ dropout dropout_ feature_dropout alpha_dropout feature_alpha_dropout native_dropout
"""
REDUCTIONS = """
    sum mean std var var_mean std_mean prod amax amin max min argmax argmin aminmax any all cumsum cumprod logsumexp
    topk sort argsort median kthvalue
"""
SHAPES = """
    view reshape _unsafe_view view_as reshape_as flatten unflatten squeeze unsqueeze transpose permute movedim swapaxes
    t numpy_T mT expand expand_as broadcast_to repeat repeat_interleave tile cat concat stack hstack vstack
    split split_with_sizes chunk tensor_split unbind unsafe_split unsafe_chunk slice select narrow index
    index_select gather take_along_dim scatter scatter_add slice_scatter select_scatter index_put index_add roll flip
    rot90 tril triu diagonal diag_embed meshgrid constant_pad_nd pad reflection_pad1d reflection_pad2d
    reflection_pad3d replication_pad1d replication_pad2d replication_pad3d pixel_shuffle pixel_unshuffle
    channel_shuffle native_channel_shuffle unfold
    clone contiguous copy copy_ fill fill_ zero_ alias detach detach_ lift_fresh lift_fresh_copy to _to_copy type_as
    zeros ones full arange linspace eye scalar_tensor zeros_like ones_like full_like empty
    empty_like new_zeros new_ones new_full new_empty sym_size sym_numel sym_stride
"""
ATEN = frozenset(" ".join((PRODUCTS, NORMALISATIONS, ACTIVATIONS, POOLING, ELEMENTWISE, REDUCTIONS, SHAPES)).split())
"""The tensor functions that networks are made of. Not here: what reads or writes files or storages (``from_file``,
``save``, ``set_``), skips bounds checks (``_unsafe_index``) or yields sizes that depend on data (``nonzero``)."""

ON_SIZES: dict[str, Callable[..., Any]] = {
    **{f"_operator.{one.__name__}": one for one in (operator.add, operator.sub, operator.mul, operator.floordiv)},
    **{f"_operator.{one.__name__}": one for one in (operator.mod, operator.truediv, operator.neg, operator.pos)},
    **{f"_operator.{one.__name__}": one for one in (operator.eq, operator.ne, operator.lt, operator.le)},
    **{f"_operator.{one.__name__}": one for one in (operator.gt, operator.ge, operator.and_, operator.or_)},
    **{f"torch.{one.__name__}": one for one in (torch.sym_int, torch.sym_float, torch.sym_max, torch.sym_min)},
    **{f"torch.{one.__name__}": one for one in (torch.sym_not, torch.sym_ite)},
}
"""Arithmetic on sizes. Powers and shifts are not here: they make numbers too long to hold."""

ASSERTIONS = frozenset(
    f"torch.ops.aten.{name}"
    for name in (
        "_assert_scalar.default",
        "_assert_tensor_metadata.default",
        "sym_constrain_range.default",
        "sym_constrain_range_for_size.default",
    )
)
"""Checks of the exporter's, which compute nothing: left out."""

WITHOUT_GRADIENT = "torch.ops.higher_order.wrap_with_set_grad_enabled"
"""A region under ``torch.no_grad()``: its nodes are taken as they are."""


def find_operator(target: str) -> Callable[..., Any] | None:
    """The function of a target as the file writes it; None for every one that is not listed here."""
    if target in ON_SIZES:
        return ON_SIZES[target]
    parts = re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", target)
    if parts is None or parts[1] not in ATEN:
        return None
    overload = getattr(getattr(torch.ops.aten, parts[1], None), parts[2], None)
    if not isinstance(overload, torch._ops.OpOverload):
        return None
    of_tensors = all("Tensor" in str(one.type) for one in overload._schema.returns)
    return (
        overload if of_tensors or parts[1].startswith("sym_") else None
    )  # not those of TorchScript's lists and strings
