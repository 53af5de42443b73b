"""Copies of graphs."""

import copy
import warnings

from torch.fx import GraphModule


def copy_graph(graph: GraphModule) -> GraphModule:
    """A deep copy that shares no parameter with ``graph``.

    torch warns about its own use of ``LeafSpec`` while it copies; nobody here can do anything about it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        return copy.deepcopy(graph)
