"""Calls that compute something else in training than in evaluation, and the argument that says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from torch.fx import GraphModule, Node

from adequate.network.graph import arguments, function_of, set_argument

SWITCHES: Mapping[str, str] = {
    "dropout": "train",
    "alpha_dropout": "train",
    "feature_dropout": "train",
    "feature_alpha_dropout": "train",
    "batch_norm": "training",
    "instance_norm": "use_input_stats",
    "rrelu": "training",
    "lstm": "train",
    "gru": "train",
    "rnn_tanh": "train",
    "rnn_relu": "train",
}
"""Functions with an argument that is true in training."""

STATISTICS: Mapping[str, str] = {"batch_norm": "running_mean", "instance_norm": "running_mean"}
"""Functions that are always in training without the argument named here."""

ATTENTION = "scaled_dot_product_attention"
"""Has no switch: its ``dropout_p`` is zero in evaluation."""


@dataclass(frozen=True, slots=True)
class Mode:
    """The two values of one argument of a call: ``node.meta["mode"]``."""

    argument: str
    evaluation: Any
    training: Any


def mark_modes(graph: GraphModule, trained: Mapping[str, float] | None = None) -> None:
    """Notes at every call that has two modes what they are, from a graph in evaluation.

    A switch that is on even there was written to stay on, and stays. ``trained`` has the dropout of each attention
    node in training.
    """
    for node in graph.graph.nodes:
        switch = switch_of(node)
        if switch is not None and not arguments(node)[switch]:
            node.meta["mode"] = Mode(switch, False, True)
        elif node.op == "call_function" and function_of(node) == ATTENTION:
            probability = (trained or {}).get(node.name, 0.0)
            if probability and not arguments(node)["dropout_p"]:
                node.meta["mode"] = Mode("dropout_p", 0.0, probability)


def switch_of(node: Node) -> str | None:
    """The argument that is true in training, if the call has one."""
    return SWITCHES.get(function_of(node)) if node.op == "call_function" else None


def put_in_evaluation(graph: GraphModule) -> dict[str, float]:
    """Turns every switch off, in place, as an exported program in training needs it; gives the attentions' dropout."""
    dropouts = {}
    for node in graph.graph.nodes:
        switch = switch_of(node)
        if switch is not None and not _lacks_statistics(node):
            set_argument(node, switch, False)
        elif node.op == "call_function" and function_of(node) == ATTENTION and arguments(node)["dropout_p"]:
            dropouts[node.name] = arguments(node)["dropout_p"]
            set_argument(node, "dropout_p", 0.0)
    return dropouts


def refuse_training(graph: GraphModule, modules: Collection[str]) -> None:
    """Notes at the calls of batch normalisations whose momentum is None that they cannot be trained.

    They average over all batches so far, with a factor that is computed anew at every step.
    """
    for node in graph.graph.nodes:
        stack = node.meta.get("nn_module_stack", {})
        if switch_of(node) is not None and any(path in modules for path, _ in stack.values()):
            node.meta["untrainable"] = (
                "a batch normalisation with momentum=None cannot be trained here; give it a number"
            )


def set_mode(graph: GraphModule, training: bool) -> None:
    """Puts every call into training or evaluation, in place.

    Raises:
        ValueError: a call that cannot be put into training.
    """
    for node in graph.graph.nodes:
        if training and "untrainable" in node.meta:
            raise ValueError(f"{node.name!r}: {node.meta['untrainable']}")
        mode = node.meta.get("mode")
        if mode is not None and node.op == "call_function":
            set_argument(node, mode.argument, mode.training if training else mode.evaluation)
    graph.recompile()


def _lacks_statistics(node: Node) -> bool:
    statistics = STATISTICS.get(function_of(node))
    return statistics is not None and arguments(node)[statistics] is None
