"""From a ``.prototxt`` and its weights to a torch module."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from adequate.network.caffe.module import CaffeModule, module_of
from adequate.network.caffe.net import net_of
from adequate.network.caffe.prototxt import parse
from adequate.network.caffe.ristretto import Formats, formats_of
from adequate.network.caffe.sharing import share_parameters
from adequate.network.caffe.weights import load_blobs

LARGEST = 2**24
"""Bytes beyond which a text is no network's: Caffe's own have a few thousand (assumed)."""


@dataclass(frozen=True, eq=False)
class CaffeModel:
    """A network from Caffe's files.

    ``module`` is in evaluation mode and names its submodules as the file does. ``example`` are zeros of the shapes it
    reads, one image each. ``formats`` are those of Ristretto's layers, by layer and slot (``input``, ``weight``,
    ``output``): ``Design({name: LayerDesign(**slots) for name, slots in formats.items()})``.
    """

    module: nn.Module
    example: tuple[Tensor, ...]
    formats: dict[str, Formats]


def read_prototxt(path: Path, weights: Path | None = None, *, shape: tuple[int, ...] | None = None) -> CaffeModel:
    """The network that a ``.prototxt`` describes in the test phase, with the weights of a ``.caffemodel``.

    Without ``weights``, they are torch's random ones. ``shape`` (C, H, W) replaces the input's, which a data layer
    often does not say. Losses and accuracies are left out; a softmax that the file has stays.

    Raises:
        OSError: a file cannot be read.
        ValueError: the text is malformed, has layers that are not understood (all are listed) or shapes that do not
            fit; or the weights do not fit it. The message names the file.
    """
    try:
        net = net_of(parse(_text(path)), shape)
        module = module_of(net)
        formats = {layer.name: found for layer in net.layers if (found := formats_of(layer.message))}
        share_parameters(module, net)
        example = tuple(torch.zeros(1, *size) for _, _, size in net.inputs)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if weights is None:
        _initialise(module)
    else:
        load_blobs(module, net, weights)
    share_parameters(module, net)  # again: loading gave each layer tensors of its own
    return CaffeModel(module.eval(), example, formats)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes are no network's text")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8 text") from error


def _initialise(module: CaffeModule) -> None:
    module.to_empty(device="cpu")
    for part in module.modules():
        reset = getattr(part, "reset_parameters", None)
        if reset is not None:
            reset()
