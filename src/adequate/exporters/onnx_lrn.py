"""Local response normalisation, which the network's graph computes in several calls, as one operator of ONNX."""

from collections.abc import Sequence

from torch.fx import Node

from adequate.exporters.onnx_call import OnnxCall
from adequate.network.graph import arguments, function_of

LAST = "div"
"""What torch's module ends in, which normalises across channels."""


def onnx_lrn(nodes: Sequence[Node]) -> OnnxCall | None:
    """LRN: x / (bias + alpha / size * (the sum of x^2 over ``size`` channels))^beta; None if it is another one's calls.

    Raises:
        ValueError: the channels are not as many on both sides, where torch and ONNX differ.
    """
    last = nodes[-1]
    if function_of(last) != LAST:
        return None
    pool, alpha, bias, beta = (
        next(arguments(node) for node in reversed(nodes) if function_of(node).startswith(name))
        for name in ("avg_pool", "mul", "add", "pow")
    )
    size = pool["kernel_size"][0]
    if size % 2 == 0:
        raise ValueError(f"normalises over {size} channels, as many on both sides only where that is odd")
    attributes = {"size": size, "alpha": float(alpha["other"]), "beta": float(beta["exponent"])}
    return OnnxCall("LRN", (arguments(last)["self"],), attributes | {"bias": float(bias["other"])})
