"""Weights chosen for a multiplier: each becomes the one whose approximate products are nearest to its exact ones.

Mrazek et al., "ALWANN: Automatic Layer-Wise Approximation of Deep Neural Network Accelerators without Retraining",
ICCAD 2019 (arXiv:1907.07229), "weight tuning".
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import torch
from torch import Tensor

from adequate.design import Design, LayerDesign
from adequate.formats import Format, Scaled
from adequate.network import Network
from adequate.operators import Multiplier
from adequate.operators.units import in_units, values
from adequate.quantization import along

NONE: Mapping[str, Tensor] = {}


def remap_weights(network: Network, design: Design, histograms: Mapping[str, Tensor] = NONE) -> Network:
    """The network with every weight that meets a multiplier replaced as ``remapped`` says.

    The weights are then values of their formats. ``histograms`` has, for the layers of which the activations' bit
    patterns were counted, how often each occurs. A weight that several layers use is left alone.

    Raises:
        ValueError: no layer has a multiplier, a weight format and a weight of its own.
    """
    state, shared = network.state(), [layer.weight for layer in network.layers]
    done: list[str] = []
    for layer in network.layers:
        chosen = design[layer.name]
        if chosen.multiplier is None or chosen.weight is None or layer.weight is None:
            continue
        if shared.count(layer.weight) > 1:
            continue
        state[layer.weight] = _replaced(state[layer.weight], chosen, histograms.get(layer.name))
        done.append(layer.name)
    if not done:
        raise ValueError("the design has no layer with a multiplier and a weight of its own to remap")
    return replace(network.with_state(state), rewrites=(*network.rewrites, f"remap_weights: {', '.join(done)}"))


def remapped(
    multiplier: Multiplier,
    *,
    histogram: Tensor | None = None,
    zero: int = 0,
    allowed: Tensor | None = None,
) -> Tensor:
    """The bit pattern to store in the place of each weight pattern w:

        w' = argmin_v sum_a h[a] |(a - zero) w - (T(a, v) - zero v)|.

    Of several the one nearest to w in value, then the lower. h[a], 1 without a ``histogram``, counts the activations;
    ``zero`` is the activation's zero point, whose share of the sum the hardware takes off exactly. Both, and
    ``allowed``, a mask of the patterns that may be stored, are our extensions of the published rule. A pattern that is
    no number, or is not allowed, stays.

    Raises:
        ValueError: the multiplier has no table, or a histogram of another length.
    """
    a, w = values(multiplier.a), values(multiplier.b)
    counts = torch.ones(len(a)) if histogram is None else histogram
    if counts.shape != a.shape or not bool((counts >= 0).all()):
        raise ValueError(f"a histogram of activations has {len(a)} counts, none negative; not {tuple(counts.shape)}")
    counts = torch.where(a.isnan(), 0.0, counts.double())
    kept = ~w.isnan() if allowed is None else allowed & ~w.isnan()
    patterns, rows = kept.nonzero()[:, 0], counts.nonzero()[:, 0]
    w, a, weights = w[patterns], a[rows], counts[rows][:, None]
    approximate = in_units(multiplier, multiplier.table()[rows][:, patterns]) - zero * w
    exact = torch.outer(a - zero, w)
    cost = torch.cdist((weights * exact).mT.contiguous(), (weights * approximate).mT.contiguous(), p=1)
    order = w.argsort(stable=True)
    best = torch.where(cost == cost.amin(1, keepdim=True), (w[:, None] - w).abs(), torch.inf)[:, order]
    result = torch.arange(len(kept))
    result[patterns] = patterns[order[best.argmin(1)]]
    return result


def _replaced(weight: Tensor, chosen: LayerDesign, histogram: Tensor | None) -> Tensor:
    assert chosen.multiplier is not None
    assert chosen.weight is not None
    element = chosen.weight.element if isinstance(chosen.weight, Scaled) else chosen.weight
    width = chosen.multiplier.b.width
    numbers = _numbers(element, width)
    zero = chosen.input.zero if isinstance(chosen.input, Scaled) else 0
    assert isinstance(zero, int)
    found = remapped(chosen.multiplier, histogram=histogram, zero=zero, allowed=~numbers.isnan())
    elements = numbers[found[chosen.weight.encode(weight) % 2**width]]
    if not isinstance(chosen.weight, Scaled):
        return elements.to(weight.dtype)
    zeros = torch.tensor(chosen.weight.zero, dtype=torch.float64)
    if zeros.dim():
        zeros = along(zeros, (chosen.weight.axis or 0) % weight.dim(), weight.dim())
    return ((elements - zeros) * chosen.weight.scales(weight)).to(weight.dtype)


def _numbers(format: Format, width: int) -> Tensor:
    """What each bit pattern stands for; NaN where ``encode`` never writes it."""
    found = torch.full((2**width,), torch.nan, dtype=torch.float64)
    for code in format.word:
        with suppress(ValueError):  # it is no number
            found[code % 2**width] = float(format.decode(code))
    written = format.encode(found.nan_to_num()) % 2**width == torch.arange(2**width)
    return torch.where(written, found, torch.nan)
