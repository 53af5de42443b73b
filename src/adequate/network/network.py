"""A trained network as a list of layers over one private graph."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule

from adequate.network.graph import copy_graph, fixed_batch, share_graph
from adequate.network.layer import Layer
from adequate.network.packing import pack, unpack
from adequate.network.parts import has_parts, take_apart


@dataclass(frozen=True, eq=False)
class Network:
    """The layers of a model, in execution order, and its weights.

    In ``graph`` an attention or a recurrent network is one call, as in the model; the layers are those of ``expanded``.
    ``rewrites`` names what was done to the graph since it was traced (``fold_batchnorm: bn1 into conv1``).
    """

    layers: tuple[Layer, ...]
    graph: GraphModule = field(repr=False)
    rewrites: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Layer:
        if name not in self._by_name:
            raise KeyError(f"no such layer {name!r}; the network has {_listed(self._by_name)}")
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (self.layers, *pack(self.graph), self.rewrites)

    def select(self, pattern: str = "*", operation: str | None = None) -> tuple[str, ...]:
        """Names of the layers whose whole name matches ``pattern`` (fnmatch), optionally of one operation.

        Raises:
            ValueError: no layer matches.
        """
        names = tuple(
            layer.name
            for layer in self.layers
            if fnmatchcase(layer.name, pattern) and operation in (None, layer.operation)
        )
        if not names:
            kind = f" of operation {operation!r}" if operation else ""
            raise ValueError(f"no layer{kind} matches {pattern!r}; the network has {_listed(self._by_name)}")
        return names

    @cached_property
    def expanded(self) -> GraphModule:
        """The graph with every call that is several layers taken apart, over the same parameters."""
        if not any(map(has_parts, self.graph.graph.nodes)):
            return self.graph
        graph = share_graph(self.graph)
        take_apart(graph)
        return graph

    @property
    def batch(self) -> int | None:
        """The only size of batch the network takes; None where it takes any."""
        return fixed_batch(self.graph)

    @property
    def multiplying(self) -> tuple[Layer, ...]:
        """The layers that are sums of products: convolutions, linear layers, matrix products."""
        return tuple(layer for layer in self.layers if layer.multiplies)

    @property
    def parameters(self) -> int:
        """Number of trained parameters; a parameter used twice counts once."""
        return sum(p.numel() for p in self.graph.parameters())

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return sum(layer.macs for layer in self.layers)

    def state(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers under the model's own names."""
        return {name: tensor.detach().clone() for name, tensor in self.graph.state_dict().items()}

    def with_state(self, state: Mapping[str, Tensor]) -> "Network":
        """The same network with other parameters.

        Raises:
            ValueError: a name is missing or unknown, a shape differs or a value is not finite.
        """
        graph = copy_graph(self.graph)
        own = graph.state_dict()
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise ValueError(
                f"these weights are not this network's: missing {_listed(missing)}; unknown {_listed(unknown)}"
            )
        for name, tensor in state.items():
            if tensor.shape != own[name].shape:
                raise ValueError(f"{name} has shape {tuple(own[name].shape)}, the weights have {tuple(tensor.shape)}")
            if not torch.isfinite(tensor).all():
                raise ValueError(f"{name} has NaN or infinite values")
        graph.load_state_dict(dict(state))
        return replace(self, graph=graph)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the layers, the graph's code, every weight and every constant."""
        sha = hashlib.sha256(repr(self.layers).encode() + self.graph.code.encode())
        tensors = dict(self.graph.named_parameters(remove_duplicate=False))
        tensors |= dict(self.graph.named_buffers(remove_duplicate=False))
        for name, tensor in sorted(tensors.items()):
            sha.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
            sha.update(tensor.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
        return sha.hexdigest()

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}


def _unpacked(
    layers: tuple[Layer, ...], nodes: bytes, tensors: Mapping[str, Tensor], rewrites: tuple[str, ...]
) -> Network:
    return Network(layers, unpack(nodes, tensors), rewrites)


def _listed(names: object) -> str:
    listed = [repr(name) for name in names]  # type: ignore[union-attr]
    more = f" and {len(listed) - 12} more" if len(listed) > 12 else ""
    return (", ".join(listed[:12]) or "none") + more
