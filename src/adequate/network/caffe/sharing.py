"""Layers that have parameters in common, as the two halves of a siamese network do."""

from collections.abc import Iterator

from torch import nn

from adequate.network.caffe.message import Message, Scalar
from adequate.network.caffe.net import Net


def share_parameters(module: nn.Module, net: Net) -> None:
    """Gives layers that call a parameter alike (``param { name: "w" }``) that of the first.

    Source: Caffe, ``Net::AppendParam``.

    Raises:
        ValueError: their shapes differ.
    """
    owners: dict[str, nn.Parameter] = {}
    parts = dict(module.named_modules())
    for layer in net.layers:
        part = parts.get(layer.name)
        for slot, name in zip(("weight", "bias"), _names(layer.message), strict=False):
            parameter = getattr(part, slot, None)
            if not name or not isinstance(parameter, nn.Parameter):
                continue
            owner = owners.setdefault(name, parameter)
            if owner.shape != parameter.shape:
                shapes = f"{tuple(parameter.shape)}, not {tuple(owner.shape)}"
                raise ValueError(f"layer {layer.name!r} shares {name!r}, but its {slot} has shape {shapes}")
            setattr(part, slot, owner)


def _names(layer: Message) -> Iterator[str]:
    """The name of each parameter, empty without; in old files it is all that ``param`` says."""
    for field in layer.fields:
        if field.name == "param":
            yield field.value.text if isinstance(field.value, Scalar) else field.value.text("name", "")
