"""Batch normalisation merged into the product beside it."""

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from adequate.network.graph import arguments, copy_graph, function_of, tensor_of
from adequate.network.network import Network
from adequate.network.rewrites.surgery import Product, finished, own_products, remove


def fold_batchnorm(network: Network) -> Network:
    """Every batch norm that alone reads a convolution or linear layer, or is alone read by one, folded into it.

    With g = gamma / sqrt(variance + eps) and h = beta - mean g per channel, behind a product w' = g w, b' = g b + h,
    and before one w' = w g, b' = b + sum of w h (Jacob et al. 2018, arXiv:1712.05877, 3.2), in float64 and rounded
    once. Transpositions may lie between a product and the batch norm behind it; the convolution that follows one must
    not pad, for it would pad with h. Left alone are a batch norm without running statistics and one whose product
    shares its weight or bias with another call.
    """
    graph = copy_graph(network.graph)
    nodes = {node.name: node for node in graph.graph.nodes}
    done = []
    for layer in network.layers:
        norm = nodes.get(layer.outputs[0])
        if layer.operation != "batch_norm" or norm is None or not isinstance(norm.args[3], Node):
            continue
        products = own_products(network, graph)
        if (product := _behind(products, norm) or _before(products, norm)) is not None:
            remove(graph, norm, instead=norm.args[0])  # type: ignore[arg-type]
            done.append(f"fold_batchnorm: {layer.name} into {product.layer.name}")
    return finished(network, graph, done)


def _behind(products: dict[Node, Product], norm: Node) -> Product | None:
    """Folds into the product that the batch norm alone reads, if there is one."""
    source, dim = _moved(norm.args[0], 1)
    product = products.get(source) if source is not None else None
    if product is None or dim - len(product.layer.output_shape) != product.channels:
        return None
    gain, shift = _affine(product.graph, norm)
    weight, bias = product.weight, product.bias
    shape = [1] * weight.dim()
    shape[0], shape[product.output_axis] = weight.shape[0], -1
    product.set_weight(weight * gain.reshape(shape))
    product.set_bias(bias * gain + shift)
    return product


def _before(products: dict[Node, Product], norm: Node) -> Product | None:
    """Folds into the product that alone reads the batch norm, if there is one."""
    product = products.get(next(iter(norm.users))) if len(norm.users) == 1 else None
    if product is None or product.node.args[0] is not norm or not _every_input_counts(product):
        return None
    gain, shift = _affine(product.graph, norm)
    weight, bias = product.weight, product.bias
    shape = (weight.shape[0], 1, -1, *[1] * (weight.dim() - 3))
    product.set_bias(bias + (weight * shift.reshape(shape)).flatten(2).sum(2).flatten())
    product.set_weight(weight * gain.reshape(shape))
    return product


def _every_input_counts(product: Product) -> bool:
    """Whether every output sums whole windows of the batch norm's channels: nothing is padded."""
    layer, given = product.layer, arguments(product.node)
    if layer.operation == "linear":
        return len(layer.input_shapes[0]) == 2
    batched = len(layer.input_shapes[0]) == -product.channels + 1
    padding = given["padding"]
    if padding == "same":
        padding = [size - 1 for size in layer.weight_shape or ()][2:]
    unpadded = padding == "valid" or not any(padding)
    return batched and unpadded and product.output_axis == 1


def _moved(node: object, dim: int) -> tuple[Node | None, int]:
    """The node whose values arrive here by transpositions that nothing else reads, and which dimension ``dim`` was."""
    while isinstance(node, Node) and len(node.users) == 1:
        match function_of(node), node.args[1:]:
            case "permute", (order,):
                dim = order[dim] % len(order)  # type: ignore[index,arg-type]
            case "transpose", (a, b):
                rank = len(node.meta["val"].shape)
                dim = {a % rank: b % rank, b % rank: a % rank}.get(dim, dim)  # type: ignore[operator]
            case "alias", ():
                pass
            case _:
                return node, dim
        node = node.args[0]
    return None, dim


def _affine(graph: GraphModule, norm: Node) -> tuple[Tensor, Tensor]:
    """Gain and shift per channel in float64."""
    given = arguments(norm)
    mean, variance = (tensor_of(graph, given[name].target).double() for name in ("running_mean", "running_var"))

    def value(name: str, default: Tensor) -> Tensor:
        return tensor_of(graph, given[name].target).detach().double() if given[name] is not None else default

    gain = value("weight", torch.ones_like(mean)) / torch.sqrt(variance + given["eps"])
    return gain, value("bias", torch.zeros_like(mean)) - mean * gain
