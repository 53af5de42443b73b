"""A caffemodel's blobs as the parameters of a net's module."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from adequate.network.caffe.module import CaffeModule, joined_scales
from adequate.network.caffe.net import CaffeLayer, Net
from adequate.network.caffe.wire import read_caffemodel


def load_blobs(module: CaffeModule, net: Net, path: Path) -> None:
    """Gives every parameter of ``module`` its blob; layers of the file that the net lacks are passed over, as in Caffe.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated or corrupt; a layer or blob is missing or more than expected; a shape differs;
            a number is NaN or infinite.
    """
    stored = read_caffemodel(path)
    scales = joined_scales(net)
    joined = {scale.name for scale in scales.values()}
    state: dict[str, Tensor] = {}
    for layer in net.layers:
        if layer.type == "Split" or layer.name in joined:
            continue
        part = module.get_submodule(layer.name)
        wanted = {name: tensor for name, tensor in part.state_dict().items() if name != "num_batches_tracked"}
        if not wanted:
            continue
        try:
            found = _parameters(layer, wanted, stored, scales.get(layer.name))
        except ValueError as error:
            raise ValueError(f"{path} does not fit layer {layer.name!r} ({layer.type}): {error}") from error
        state.update((f"{layer.name}.{name}", tensor) for name, tensor in found.items())
    counters = {name for name in module.state_dict() if name.endswith("num_batches_tracked")}
    module.load_state_dict(state | {name: torch.tensor(0) for name in counters}, assign=True)


def fitted(blob: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A blob without the ones that old files put in front of its shape up to four dimensions (Caffe,
    ``Blob::ShapeEquals``); as it is where the rest is not ``shape``."""
    padded = (1,) * (blob.dim() - len(shape)) + shape
    return blob.reshape(shape) if tuple(blob.shape) == padded else blob


def _parameters(
    layer: CaffeLayer, wanted: Mapping[str, Tensor], stored: Mapping[str, list[Tensor]], scale: CaffeLayer | None
) -> dict[str, Tensor]:
    blobs = _blobs(stored, layer.name)
    if layer.type == "BatchNorm":
        found = _statistics(blobs)
        found.update(zip(("weight", "bias"), _blobs(stored, scale.name) if scale is not None else [], strict=False))
    else:
        if layer.type == "InnerProduct" and layer.message.message("inner_product_param").flag("transpose", False):
            blobs = [blobs[0].flatten(0, -2).T.contiguous() if blobs[0].dim() > 1 else blobs[0], *blobs[1:]]
        if len(blobs) != len(wanted):
            raise ValueError(f"it has {len(blobs)} blobs, not {len(wanted)}")
        found = dict(zip((name for name in ("weight", "bias") if name in wanted), blobs, strict=True))
    if found.keys() != wanted.keys():
        raise ValueError(f"it has {', '.join(found)}, not {', '.join(wanted)}")
    return {name: _checked(name, fitted(found[name], tuple(tensor.shape)), tensor) for name, tensor in wanted.items()}


def _blobs(stored: Mapping[str, list[Tensor]], name: str) -> list[Tensor]:
    if name not in stored:
        raise ValueError(f"it has no blobs of {name!r}")
    return stored[name]


def _statistics(blobs: list[Tensor]) -> dict[str, Tensor]:
    """Mean and variance are stored times a factor, which may be 0 (Caffe, ``batch_norm_layer.cpp``)."""
    if len(blobs) != 3 or blobs[2].numel() != 1:
        raise ValueError(f"it has {len(blobs)} blobs, not mean, variance and their factor")
    factor = blobs[2].item()
    gain = 0.0 if factor == 0 else 1 / factor
    return {"running_mean": blobs[0] * gain, "running_var": blobs[1] * gain}


def _checked(name: str, blob: Tensor, wanted: Tensor) -> Tensor:
    if blob.shape != wanted.shape:
        raise ValueError(f"its {name} has shape {tuple(blob.shape)}, not {tuple(wanted.shape)}")
    if not bool(blob.isfinite().all()):
        raise ValueError(f"its {name} holds NaN or infinity")
    return nn.Parameter(blob) if isinstance(wanted, nn.Parameter) else blob
