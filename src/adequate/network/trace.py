"""From a module to its network, by ``torch.export``."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from traceback import walk_tb

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram, export
from torch.fx import GraphModule, Node
from torch.nn.utils.rnn import PackedSequence

from adequate.network.graph import arguments, copy_graph, fixed_batch, function_of, make_constant, shape_of, share_graph
from adequate.network.listing import network_of
from adequate.network.modes import ATTENTION, mark_modes, put_in_evaluation, refuse_training
from adequate.network.names import insist_on_writable
from adequate.network.network import Network
from adequate.network.quiet import quiet_torch
from adequate.network.regions import inline_regions

__all__ = ["network_of", "trace"]

Example = Tensor | Sequence[Tensor] | Mapping[str, Tensor]

ERRORS = (RuntimeError, ValueError, TypeError, AttributeError, AssertionError, LookupError, ArithmeticError)
"""What ``torch.export`` raises on models that it cannot follow."""


def trace(model: nn.Module | ExportedProgram, example: Example) -> Network:
    """The network of a model, by one symbolic run on ``example``.

    ``example`` is a batch, or one batch per input, or keyword inputs by name. The model is copied, put into evaluation
    and never touched. The batch stays free where the model allows it; else ``Network.batch`` says its only size. A
    program exported in training is put into evaluation too.

    Raises:
        ValueError: ``torch.export`` cannot follow the model (control flow that depends on data, say), or a name in it
            cannot stand in code (quotes, line ends).
    """
    name = type(model).__name__
    try:
        if isinstance(model, ExportedProgram):
            insist_on_writable((*model.state_dict, *model.constants))
            graph = _tidied(copy_graph(model.module()))
            state = model.state_dict.keys()
            dropouts = put_in_evaluation(graph)
        else:
            insist_on_writable(name for name, _ in (*model.named_parameters(), *model.named_buffers()))
            private = copy.deepcopy(model).eval()
            graph = _graph(private, example)
            state = private.state_dict().keys()
            refuse_training(graph, {name for name, one in private.named_modules() if _is_cumulative(one)})
            dropouts = _attention_dropouts(private, graph, example)
    except ERRORS as error:
        raise ValueError(f"cannot trace {name}: {_reason(error)}") from error
    make_constant(graph, {name for name, _ in graph.named_buffers()} - state)
    _insist_on_batch(graph)
    mark_modes(graph, dropouts)
    return network_of(graph)


def _graph(model: nn.Module, example: Example) -> GraphModule:
    return _tidied(share_graph(_export(model, example).module()))


def _export(model: nn.Module, example: Example) -> ExportedProgram:
    """The model's program with a free batch; with the example's own where it takes no other."""
    args, kwargs = ((), dict(example)) if isinstance(example, Mapping) else (_inputs(example), {})
    doubled = any(len(x) == 1 for x in (*args, *kwargs.values()) if x.dim())
    try:
        program = _exported(model, tuple(map(_several, args)), {name: _several(x) for name, x in kwargs.items()})
        if not (doubled and fixed_batch(program.graph_module)):
            return program
    except ERRORS:
        if not doubled:
            raise
    return _exported(model, args, kwargs)


def _exported(model: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor]) -> ExportedProgram:
    free = tuple(map(_free, args))
    shapes = {name: _free(x) for name, x in kwargs.items()} if kwargs else (free,) if _variadic(model) else free
    with (
        quiet_torch(),
        warnings.catch_warnings(),
    ):  # recurrent modules keep a list of their parameters, which torch takes for tensors
        warnings.filterwarnings("ignore", message=r"(?s).*_flat_weights.*assigned during export", category=UserWarning)
        return export(model, args, kwargs, dynamic_shapes=shapes)


def _inputs(example: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    return (example,) if isinstance(example, Tensor) else tuple(example)


def _several(x: Tensor) -> Tensor:
    """A batch of one would be taken for a constant, and one tensor given twice for one input."""
    return torch.cat([x, x]) if x.dim() and len(x) == 1 else x.clone()


def _free(x: Tensor) -> dict[int, object] | None:
    return {0: Dim.AUTO} if x.dim() else None


def _variadic(model: nn.Module) -> bool:
    """Whether forward takes ``*inputs``, which torch.export wants described as one argument."""
    code = getattr(type(model).forward, "__code__", None)
    return code is not None and bool(code.co_flags & 0x04) and code.co_argcount == 1


def _is_cumulative(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._NormBase) and module.momentum is None and module.track_running_stats


def _attention_dropouts(model: nn.Module, graph: GraphModule, example: Example) -> dict[str, float]:
    """The dropout of each attention in training, which only an export in training can tell."""
    ours = _attentions(graph)
    if not ours:
        return {}
    try:
        theirs = _attentions(_graph(model.train(), example))
    except ERRORS:
        theirs = []
    model.eval()
    if [key for key, _, _ in ours] != [key for key, _, _ in theirs]:
        warnings.warn("the model cannot be followed in training: dropout inside attention stays off", stacklevel=3)
        return {}
    return {name: trained for (_, name, _), (_, _, trained) in zip(ours, theirs, strict=True)}


def _attentions(graph: GraphModule) -> list[tuple[str, str, float]]:
    """Module path, node and dropout of every attention, in order."""
    return [
        (str(list(node.meta.get("nn_module_stack", {}).values())[-1:]), node.name, arguments(node)["dropout_p"])
        for node in graph.graph.nodes
        if node.op == "call_function" and function_of(node) == ATTENTION
    ]


def _tidied(graph: GraphModule) -> GraphModule:
    """The graph without guards, regions and what nobody reads."""
    for node in list(graph.graph.nodes):
        if node.target == "_guards_fn" or _counts_batches(node):
            graph.graph.erase_node(node)
    graph.delete_submodule("_guards_fn")
    inline_regions(graph)
    graph.graph.eliminate_dead_code()
    for node in list(graph.graph.nodes):
        if node.op == "get_attr" and not node.users:
            graph.graph.erase_node(node)
    graph.recompile()
    return graph


def of_batch(x: Tensor, size: int, name: str) -> Tensor:
    """``x`` itself.

    Raises:
        ValueError: its batch is not ``size``, the only one the model takes.
    """
    if len(x) != size:
        raise ValueError(f"input {name!r} has a batch of {len(x)}; the model takes batches of {size} only")
    return x


def _insist_on_batch(graph: GraphModule) -> None:
    """Where the batch is not free, torch's guards would have said so; without them wrong outputs could pass."""
    size = fixed_batch(graph)
    if size is None:
        return
    for node in graph.graph.find_nodes(op="placeholder"):
        if shape_of(node.meta.get("val")):
            with graph.graph.inserting_after(node):
                checked = graph.graph.call_function(of_batch, (node, size, str(node.target)))
            checked.meta = dict(node.meta)
            node.replace_all_uses_with(checked, delete_user_cb=lambda user, own=checked: user is not own)
    graph.recompile()


def _counts_batches(node: Node) -> bool:
    """Whether it is a batch normalisation in training, counting."""
    return function_of(node) == "add_" and str(node.all_input_nodes[0].target).endswith("num_batches_tracked")


def _reason(error: Exception) -> str:
    """In one line; packed sequences are told by where it failed, because torch's own words do not."""
    values = (value for frame, _ in walk_tb(error.__traceback__) for value in frame.f_locals.values())
    if any(isinstance(value, PackedSequence) for value in values):
        return "it packs its sequences; trace it on padded sequences of one length"
    if type(error).__name__ == "GuardOnDataDependentSymNode":
        return "its control flow or its shapes depend on data"
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
