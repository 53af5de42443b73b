"""LSTM, GRU and plain recurrent networks unrolled in time, as torch's own modules define them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.fx import Node

from adequate.network.parts.assembly import Assembly

aten = torch.ops.aten

State = tuple[Node, ...]
"""What goes from one time step to the next, the hidden state first."""


@dataclass(frozen=True)
class Cell:
    """The parameters of one layer in one direction, and the suffix of their names (``_l0_reverse``)."""

    assembly: Assembly
    suffix: str
    ih: tuple[Node, Node | None]
    hh: tuple[Node, Node | None]
    projection: Node | None = None

    def from_input(self, x: Node) -> Node:
        """What the input contributes to every gate: one product over the whole sequence."""
        return self.layer("ih", aten.linear.default, x, *self.ih)

    def from_hidden(self, h: Node) -> Node:
        """What the hidden state contributes: a product per time step."""
        return self.layer("hh", aten.linear.default, h, *self.hh)

    def layer(self, name: str, function: Callable[..., object], *args: object) -> Node:
        """A call of the part ``name`` of this cell."""
        return self.assembly.layer(f"{name}{self.suffix}", function, *args)

    def gate(self, x: Node, index: int, count: int = 1) -> Node:
        """Gates ``index`` up to ``index + count`` of a tensor that holds all of them side by side."""
        size = self.hh[0].meta["val"].shape[1] if self.projection is None else self.projection.meta["val"].shape[1]
        return self.assembly.wire(aten.narrow.default, x, -1, index * size, count * size)


Step = Callable[[Cell, Node, State], State]
"""One time step: what the input contributed to the gates, and the state before, give the state after."""


def lstm_step(cell: Cell, from_input: Node, state: State) -> State:
    """i, f, o = sigmoid(...), g = tanh(...); c' = f c + i g; h' = o tanh(c'), projected if the module projects.

    Source: torch.nn.LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
    """
    h, c = state
    gates = cell.layer("preactivation", aten.add.Tensor, from_input, cell.from_hidden(h))
    i = cell.layer("input_gate", aten.sigmoid.default, cell.gate(gates, 0))
    f = cell.layer("forget_gate", aten.sigmoid.default, cell.gate(gates, 1))
    g = cell.layer("cell_gate", aten.tanh.default, cell.gate(gates, 2))
    o = cell.layer("output_gate", aten.sigmoid.default, cell.gate(gates, 3))
    kept = cell.layer("forget", aten.mul.Tensor, f, c)
    c = cell.layer("cell", aten.add.Tensor, kept, cell.layer("write", aten.mul.Tensor, i, g))
    h = cell.layer("hidden", aten.mul.Tensor, o, cell.layer("squash", aten.tanh.default, c))
    if cell.projection is not None:
        h = cell.layer("projection", aten.linear.default, h, cell.projection)
    return h, c


def gru_step(cell: Cell, from_input: Node, state: State) -> State:
    """r, z = sigmoid(...); n = tanh(W x + b + r (U h + d)); h' = n + z (h - n).

    Source: torch.nn.GRU (Cho et al. 2014, the reset gate behind the product).
    """
    (h,) = state
    from_hidden = cell.from_hidden(h)
    gates = cell.layer("preactivation", aten.add.Tensor, cell.gate(from_input, 0, 2), cell.gate(from_hidden, 0, 2))
    r = cell.layer("reset_gate", aten.sigmoid.default, cell.gate(gates, 0))
    z = cell.layer("update_gate", aten.sigmoid.default, cell.gate(gates, 1))
    reset = cell.layer("reset", aten.mul.Tensor, r, cell.gate(from_hidden, 2))
    n = cell.layer("candidate_preactivation", aten.add.Tensor, cell.gate(from_input, 2), reset)
    n = cell.layer("candidate", aten.tanh.default, n)
    change = cell.layer("update", aten.mul.Tensor, z, cell.layer("difference", aten.sub.Tensor, h, n))
    return (cell.layer("hidden", aten.add.Tensor, n, change),)


def tanh_step(cell: Cell, from_input: Node, state: State) -> State:
    """h' = tanh(W x + b + U h + d). Source: torch.nn.RNN (Elman 1990)."""
    gates = cell.layer("preactivation", aten.add.Tensor, from_input, cell.from_hidden(state[0]))
    return (cell.layer("hidden", aten.tanh.default, gates),)


def relu_step(cell: Cell, from_input: Node, state: State) -> State:
    """h' = relu(W x + b + U h + d). Source: torch.nn.RNN."""
    gates = cell.layer("preactivation", aten.add.Tensor, from_input, cell.from_hidden(state[0]))
    return (cell.layer("hidden", aten.relu.default, gates),)


def single(step: Step) -> Callable[[Assembly], Node | State]:
    """One time step as a call of its own: ``nn.LSTMCell`` and its kin."""

    def parts(assembly: Assembly) -> Node | State:
        given = assembly.arguments
        state = given["hx"]
        cell = Cell(assembly, "", (given["w_ih"], given["b_ih"]), (given["w_hh"], given["b_hh"]))
        after = step(cell, cell.from_input(given["input"]), tuple(state) if isinstance(state, list) else (state,))
        return after if isinstance(state, list) else after[0]

    return parts


def sequence(step: Step) -> Callable[[Assembly], State]:
    """All time steps, layers and directions: ``nn.LSTM`` and its kin.

    Gives the last layer's hidden states, then the final state of every layer and direction, one tensor for each part
    of the state.
    """

    def parts(assembly: Assembly) -> State:
        given = assembly.arguments
        time = 1 if given["batch_first"] else 0
        x, initial = given["input"], given["hx"]
        initial = initial if isinstance(initial, list) else [initial]
        final: list[State] = []
        directions = 2 if given["bidirectional"] else 1
        for layer, cells in enumerate(_layers(assembly)):
            ways = []
            for backward, cell in enumerate(cells):
                start = tuple(assembly.wire(aten.select.int, s, 0, layer * directions + backward) for s in initial)
                hidden, state = _unrolled(step, cell, x, start, time, bool(backward))
                ways.append(assembly.wire(aten.stack.default, hidden, time))
                final.append(state)
            x = ways[0] if len(ways) == 1 else assembly.wire(aten.cat.default, ways, -1)
            if given["dropout"] and layer + 1 < given["num_layers"]:
                x = assembly.dropout(f"dropout_l{layer}", x, given["dropout"], on=given["train"])
        return x, *(assembly.wire(aten.stack.default, list(one), 0) for one in zip(*final, strict=True))

    return parts


def obstacle(assembly: Assembly) -> str | None:
    """Why a sequence cannot be unrolled."""
    x, time = assembly.arguments["input"], 1 if assembly.arguments["batch_first"] else 0
    if isinstance(x.meta["val"].shape[time], int):
        return None
    return f"its sequence length (dimension {time} of its input) is not fixed"


def _layers(assembly: Assembly) -> Iterator[list[Cell]]:
    """The cells of each layer: one, or one per direction."""
    given = assembly.arguments
    parameters: Sequence[Node] = given["params"]
    directions = 2 if given["bidirectional"] else 1
    size = len(parameters) // (given["num_layers"] * directions)
    biased = given["has_biases"]
    for layer in range(given["num_layers"]):
        cells = []
        for backward in range(directions):
            start = (layer * directions + backward) * size
            w_ih, w_hh, *rest = parameters[start : start + size]
            b_ih, b_hh = rest[:2] if biased else (None, None)
            projection = rest[-1] if len(rest) % 2 else None
            suffix = f"_l{layer}" + ("_reverse" if backward else "")
            cells.append(Cell(assembly, suffix, (w_ih, b_ih), (w_hh, b_hh), projection))
        yield cells


def _unrolled(step: Step, cell: Cell, x: Node, state: State, time: int, backward: bool) -> tuple[list[Node], State]:
    """Hidden state of every time step, in the sequence's order, and the last state computed."""
    steps = range(x.meta["val"].shape[time])
    from_input = cell.from_input(x)
    hidden = {}
    for t in reversed(steps) if backward else steps:
        state = step(cell, cell.assembly.wire(aten.select.int, from_input, time, t), state)
        hidden[t] = state[0]
    return [hidden[t] for t in steps], state
