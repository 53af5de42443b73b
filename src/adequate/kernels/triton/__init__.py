"""The same sums on a GPU: kernels in Triton, which its interpreter runs on a processor too.

Nothing here imports Triton before a tensor is on a GPU.
"""

from importlib.util import find_spec

from torch import Tensor

INSTALLED = find_spec("triton") is not None


def takes(x: Tensor) -> bool:
    """Whether these kernels compute for tensors that lie where ``x`` does: on a GPU, if Triton is installed."""
    return x.is_cuda and INSTALLED
