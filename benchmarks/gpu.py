"""Looked-up convolutions on a GPU: bits against the processor's, and time against cuDNN's float32. JSON lines.

8-bit patterns in, sums out, on the layers of ResNet-20 with a batch of 1,024; each time is the median over calls in
turn, measured by the GPU's own clock. Without a GPU it prints one line.
"""

import json
from collections.abc import Callable
from functools import partial
from statistics import median

import torch
from torch import Generator, Tensor
from torch.nn import functional

from adequate.kernels import triton
from adequate.kernels.columns import Window
from adequate.kernels.lookup import lookup_convolution

PAIRS = 15
BATCH = 1024
COMPARED = 8
"""Images whose sums the processor computes too."""

LAYERS = {  # input channels, outputs, size, stride, how often in the network
    "3 -> 16, 32 x 32": (3, 16, 32, 1, 1),
    "16 -> 16, 32 x 32": (16, 16, 32, 1, 6),
    "16 -> 32, 32 x 32 to 16 x 16": (16, 32, 32, 2, 1),
    "32 -> 32, 16 x 16": (32, 32, 16, 1, 5),
    "32 -> 64, 16 x 16 to 8 x 8": (32, 64, 16, 2, 1),
    "64 -> 64, 8 x 8": (64, 64, 8, 1, 5),
}


def milliseconds(act: Callable[[], Tensor]) -> float:
    """How long the GPU takes for one call."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    act()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def main() -> None:
    """Prints a line per layer and one for all of the network."""
    if not torch.cuda.is_available():
        print(json.dumps({"figure": "lookup_conv2d_gpu", "measured": False, "reason": "no GPU at hand"}))
        return
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # no TF32
    about = {"device": torch.cuda.get_device_name(), "triton": triton.INSTALLED, "batch": BATCH}
    generator = Generator().manual_seed(0)
    table = torch.randint(-(2**15), 2**15, (256, 256), generator=generator, dtype=torch.int32)
    ours = theirs = 0.0
    for name, (channels, outputs, size, stride, times) in LAYERS.items():
        x = torch.randint(256, (BATCH, channels, size, size), generator=generator, dtype=torch.uint8)
        w = torch.randint(256, (outputs, channels, 3, 3), generator=generator, dtype=torch.uint8)
        window = Window((stride, stride), ((1, 1), (1, 1)), (1, 1))
        there = (x.cuda(), w.cuda(), table.cuda(), window, 0)
        same = lookup_convolution(x[:COMPARED], w, table, window, 0).long()
        equal = torch.equal(lookup_convolution(*there)[:COMPARED].cpu().long(), same)
        looked_up = partial(lookup_convolution, *there)
        floating = partial(functional.conv2d, there[0].float(), there[1].float(), None, stride, 1)
        pairs = [(milliseconds(looked_up), milliseconds(floating)) for _ in range(PAIRS + 3)][3:]  # three warm up
        mine, cudnn = (median(column) for column in zip(*pairs, strict=True))
        ours, theirs = ours + times * mine, theirs + times * cudnn
        figure = {"figure": "lookup_conv2d_gpu", "layer": name, "equal_bits": equal, "ratio": mine / cudnn}
        print(json.dumps({**figure, "ms": mine, "cudnn_float32_ms": cudnn, **about}), flush=True)
    print(json.dumps({"figure": "lookup_conv2d_gpu", "layer": "all of ResNet-20", "ratio": ours / theirs, **about}))


if __name__ == "__main__":
    main()
