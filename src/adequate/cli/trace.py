"""``adequate trace``: the layers of a network."""

from typing import Any

from adequate.cli.options import ModelOptions, OutputOptions


def trace(model: ModelOptions, output: OutputOptions) -> None:
    """Lists the layers of a network: operation, shapes, multiply-accumulates and weights.

    Needs no trained weights. MACs are for one image; one is two operations. Formats are those that a file brings
    along: quantised ONNX, Ristretto's layers.

    Example:
      adequate trace lenet
    """
    from adequate.cli.models import network_alone
    from adequate.cli.output import answer, answer_json, table
    from adequate.cli.progress import Progress

    with Progress() as progress:
        network, design = network_alone(model, progress)
    layers = [
        {
            "name": layer.name,
            "operation": layer.operation,
            "inputs": list(layer.inputs),
            "output_shape": [size for size in layer.output_shape if size is not None],
            "macs": layer.macs,
            "weights": layer.weights if layer.multiplies else 0,
            "parameters": layer.parameters,
            **({"formats": slots} if (slots := _formats(design[layer.name])) else {}),
        }
        for layer in network.layers
    ]
    if output.json:
        answer_json({"model": model.model, "layers": layers, "macs": network.macs, "parameters": network.parameters})
        return
    numbers = ("output", "MACs", "weights", "parameters")
    formats = ("formats",) if design else ()
    shown = table("layer", "operation", "reads", *numbers, *formats, numbers=numbers)
    for layer in network.layers:
        sizes = " x ".join(str(size) for size in layer.output_shape if size is not None)
        figures = (layer.macs, layer.weights if layer.multiplies else 0, layer.parameters)
        slots = ", ".join(f"{slot} {format}" for slot, format in _formats(design[layer.name]).items())
        counts = (f"{n:,}" if n else "" for n in figures)
        shown.add_row(
            layer.name, layer.operation, ", ".join(layer.inputs), sizes, *counts, *((slots,) if design else ())
        )
    shown.add_section()
    weights = sum(layer.weights for layer in network.multiplying)
    shown.add_row("all", "", "", "", f"{network.macs:,}", f"{weights:,}", f"{network.parameters:,}", style="bold")
    answer(shown)


def _formats(chosen: Any) -> dict[str, str]:
    return {slot: str(value) for slot, value in chosen.slots().items()}
