"""A graph as bytes and tensors apart, so that a network can go to another process of ours."""

from collections.abc import Mapping

from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import GraphModule
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from adequate.network.graph import empty_graph, leaf_specs_unmentioned

READ = frozenset({"val", "mode", "part", "untrainable", "nn_module_stack"})
"""What is noted at nodes and read again once a network is traced."""


def pack(graph: GraphModule) -> tuple[bytes, dict[str, Tensor]]:
    """The nodes as bytes of torch's own pickler for graphs, and the very tensors they read.

    Tensors stay outside so that they can be shared between processes; one that has two names is there twice.
    """
    from torch.fx._graph_pickler import GraphPickler, Options

    options = Options(ops_filter=None, node_metadata_key_filter=READ.__contains__)
    with leaf_specs_unmentioned():
        nodes = GraphPickler.dumps(empty_graph(graph), options)
    return nodes, {name: tensor.detach() for name, tensor in _named(graph).items()}


def unpack(nodes: bytes, tensors: Mapping[str, Tensor]) -> GraphModule:
    """The graph over the given tensors, which it does not copy."""
    from torch.fx._graph_pickler import GraphPickler

    with leaf_specs_unmentioned():
        graph = GraphPickler.loads(nodes, FakeTensorMode(shape_env=ShapeEnv()))
    assert isinstance(graph, GraphModule)
    made: dict[int, Tensor] = {}
    for name, empty in _named(graph).items():
        tensor = made.setdefault(id(empty), _like(empty, tensors[name]))
        path, _, leaf = name.rpartition(".")
        owner = graph.get_submodule(path)
        (owner._parameters if isinstance(tensor, nn.Parameter) else owner._buffers)[leaf] = tensor  # type: ignore[index]
    graph.recompile()
    return graph


def _named(graph: GraphModule) -> dict[str, Tensor]:
    """Every tensor by every name it has."""
    parameters = dict[str, Tensor](graph.named_parameters(remove_duplicate=False))
    return parameters | dict(graph.named_buffers(remove_duplicate=False))


def _like(empty: Tensor, tensor: Tensor) -> Tensor:
    return nn.Parameter(tensor, empty.requires_grad) if isinstance(empty, nn.Parameter) else tensor
