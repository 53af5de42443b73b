"""Recurrent layers as torch's own, over weights in torch's order."""

# ruff: noqa: ARG001 (a signature says what a node may have)

from typing import Literal

import torch
from torch import Tensor

OTHERS = {"GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}

Direction = Literal["forward", "reverse", "bidirectional"]

MOST_STEPS = 2048
"""Of a sequence: a trace goes through them one by one, some seconds for so many (assumed)."""


def recurrent(
    x: Tensor,
    weight_ih_l0: Tensor,
    weight_hh_l0: Tensor,
    bias_ih_l0: Tensor | None = None,
    bias_hh_l0: Tensor | None = None,
    weight_ih_l0_reverse: Tensor | None = None,
    weight_hh_l0_reverse: Tensor | None = None,
    bias_ih_l0_reverse: Tensor | None = None,
    bias_hh_l0_reverse: Tensor | None = None,
    initial_h: Tensor | None = None,
    initial_c: Tensor | None = None,
    *,
    kind: Literal["LSTM", "GRU", "RNN_TANH", "RNN_RELU"],
    direction: Direction = "forward",
    layout: int = 0,
) -> tuple[Tensor, ...]:
    """Torch's layer (an operator of ours, ``Recurrent``); outputs Y, Y_h and, of an LSTM, Y_c."""
    weights = _given(
        (weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0),
        (weight_ih_l0_reverse, weight_hh_l0_reverse, bias_ih_l0_reverse, bias_hh_l0_reverse),
    )
    _check_weights(x, weights, {"LSTM": 4, "GRU": 3}.get(kind, 1), direction)
    steps = x.shape[1 if layout else 0]
    if steps > MOST_STEPS:
        raise ValueError(f"a sequence of more than {MOST_STEPS} steps is not supported")
    h = _state(initial_h, x, weight_hh_l0, direction, layout)
    x = x.flip(1 if layout else 0) if direction == "reverse" else x
    fixed = (weights, bias_ih_l0 is not None, 1, 0.0, False, direction == "bidirectional", bool(layout))
    if kind == "LSTM":
        c = _state(initial_c, x, weight_hh_l0, direction, layout)
        y, *states = torch.lstm(x, (h, c), *fixed)
    else:
        y, *states = OTHERS[kind](x, h, *fixed)
    return _output(y, direction, layout), *(s.transpose(0, 1) if layout else s for s in states)


def _given(*directions: tuple[Tensor | None, ...]) -> list[Tensor]:
    return [weight for weights in directions for weight in weights if weight is not None]


def _check_weights(x: Tensor, weights: list[Tensor], gates: int, direction: Direction) -> None:
    """Torch's functions read beyond operands that do not fit."""
    directions = 2 if direction == "bidirectional" else 1
    hidden = weights[1].shape[-1]
    wanted = [(gates * hidden, x.shape[-1]), (gates * hidden, hidden)]
    wanted += [(gates * hidden,)] * 2 if len(weights) == 4 * directions else []
    shapes = [tuple(w.shape) for w in weights]
    if x.dim() != 3 or hidden == 0 or shapes != wanted * directions:
        raise ValueError(f"weights of shapes {shapes} for an input of shape {tuple(x.shape)}")


def _state(given: Tensor | None, x: Tensor, recurrent: Tensor, direction: Direction, layout: int) -> Tensor:
    """The initial state, (directions, batch, hidden); zeros where none is given, one of one image for every image."""
    wanted = (2 if direction == "bidirectional" else 1, x.shape[0 if layout else 1], recurrent.shape[1])
    if given is None:
        return x.new_zeros(wanted)
    given = given.transpose(0, 1) if layout else given
    if given.dim() != 3 or (given.shape[0], given.shape[2]) != (wanted[0], wanted[2]):
        raise ValueError(f"an initial state of shape {tuple(given.shape)}, not {wanted}")
    return given.expand(wanted).contiguous() if given.shape[1] == 1 else given.reshape(wanted)


def _output(y: Tensor, direction: Direction, layout: int) -> Tensor:
    """From (time, batch, directions * hidden) to ONNX's (time, directions, batch, hidden), or with the batch first."""
    if direction == "reverse":
        y = y.flip(1 if layout else 0)
    if direction != "bidirectional":
        return y.unsqueeze(2 if layout else 1)
    y = y.unflatten(2, (2, -1))
    return y if layout else y.transpose(1, 2)


def as_stored(
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None = None,
    sequence_lens: Tensor | None = None,
    initial_h: Tensor | None = None,
    initial_c: Tensor | None = None,
    p: Tensor | None = None,
    *,
    activations: tuple[str, ...] = (),
    direction: str = "forward",
    hidden_size: int = 0,
    input_forget: int = 0,
    layout: int = 0,
    linear_before_reset: int = 0,
    clip: float = 0.0,
) -> tuple[Tensor, ...]:
    """LSTM, GRU and RNN as ONNX has them; their weights must be constants, for then they are ``Recurrent``."""
    raise ValueError("its weights are not constants")


RECURRENT = {"LSTM": as_stored, "GRU": as_stored, "RNN": as_stored, "Recurrent": recurrent}
