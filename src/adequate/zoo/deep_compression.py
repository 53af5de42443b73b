"""Weights pruned and shared as Deep Compression leaves them: codebooks, codes and gaps between positions."""

from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from torch import nn

from adequate.zoo.weights import load_weights

CODES = 256
"""Values in a layer's codebook."""
GAP_BITS = 4
"""Two gaps share a byte, the first in the low half."""


def load_compressed(model: nn.Module, path: Path) -> None:
    """Loads a ``.net`` file into the convolutions of ``model``, in their order; any other file as ``load_weights``.

    The file has the number of stored weights of each layer, then for each layer 256 float32 values, the biases, a
    byte of code for each stored weight and four bits for its gap: how many positions lie between it and the one
    before, in the weight's row-major order. The positions in between have code 0. All little-endian.
    Source: songhan/SqueezeNet-Deep-Compression, ``decode.py``; Han et al., ICLR 2016, section 3.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated, corrupt or longer than its counts say; a position lies beyond its layer; a
            value is NaN or infinite. The model is then as before.
    """
    if path.suffix != ".net":
        load_weights(model, path)
        return
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    content = _content(path, layers)
    counts = np.frombuffer(content, "<u4", len(layers)).astype(np.int64)
    start = 4 * len(layers)
    sizes = [_bytes_of(layer, int(count)) for layer, count in zip(layers, counts, strict=True)]
    if start + sum(sizes) != len(content):
        raise ValueError(f"{path} is truncated or corrupt: {len(content)} bytes, its counts say {start + sum(sizes)}")
    starts = accumulate(sizes, initial=start)
    found = [
        _decoded(path, content, begin, layer, int(count))
        for begin, layer, count in zip(starts, layers, counts, strict=False)
    ]
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, found, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(bias))


def _content(path: Path, layers: list[nn.Conv2d]) -> bytes:
    """The file, if it is no longer than one in which every weight is stored."""
    most = 4 * len(layers) + sum(_bytes_of(layer, layer.weight.numel()) for layer in layers)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if not 4 * len(layers) <= len(content) <= most:
        raise ValueError(f"{path} is truncated or corrupt: {len(content)} bytes for {len(layers)} layers")
    return content


def _bytes_of(layer: nn.Conv2d, count: int) -> int:
    biases = 0 if layer.bias is None else layer.bias.numel()
    return 4 * CODES + 4 * biases + count + (count + 1) // 2


def _decoded(path: Path, content: bytes, start: int, layer: nn.Conv2d, count: int) -> tuple[np.ndarray, np.ndarray]:
    biases = 0 if layer.bias is None else layer.bias.numel()
    codebook = np.frombuffer(content, "<f4", CODES, start)
    bias = np.frombuffer(content, "<f4", biases, start + 4 * CODES)
    if not (np.isfinite(codebook).all() and np.isfinite(bias).all()):
        raise ValueError(f"{path} holds NaN or infinity for the layer at byte {start}")
    codes = np.frombuffer(content, np.uint8, count, start + 4 * CODES + 4 * biases)
    packed = np.frombuffer(content, np.uint8, (count + 1) // 2, start + 4 * CODES + 4 * biases + count)
    gaps = np.stack([packed & (2**GAP_BITS - 1), packed >> GAP_BITS], 1).reshape(-1)[:count]
    positions = np.cumsum(gaps.astype(np.int64) + 1) - 1
    shape = tuple(layer.weight.shape)
    if count and positions[-1] >= layer.weight.numel():
        raise ValueError(f"{path} is corrupt: position {positions[-1]} in a layer of {layer.weight.numel()} weights")
    dense = np.zeros(layer.weight.numel(), np.uint8)
    dense[positions] = codes
    return codebook[dense].astype(np.float32).reshape(shape), bias.astype(np.float32)
