"""``adequate trace``: the layers of a network."""

from adequate.cli.options import ModelOptions, OutputOptions


def trace(model: ModelOptions, output: OutputOptions) -> None:
    """Lists the layers of a network: operation, shapes, multiply-accumulates and weights.

    Needs no trained weights. MACs are for one image; one is two operations.

    Example:
      adequate trace lenet
    """
    from adequate.cli.output import answer, answer_json, table
    from adequate.cli.progress import Progress
    from adequate.cli.subject import shape_alone, trained_network, untrained_network

    with Progress() as progress:
        progress.stage(f"tracing {model.model}")
        shape = shape_alone(model)
        if model.weights is None:
            network = untrained_network(model.model, shape)
        else:
            network = trained_network(model, shape, progress)
    layers = [
        {
            "name": layer.name,
            "operation": layer.operation,
            "inputs": list(layer.inputs),
            "output_shape": [size for size in layer.output_shape if size is not None],
            "macs": layer.macs,
            "weights": layer.weights if layer.multiplies else 0,
            "parameters": layer.parameters,
        }
        for layer in network.layers
    ]
    if output.json:
        answer_json({"model": model.model, "layers": layers, "macs": network.macs, "parameters": network.parameters})
        return
    numbers = ("output", "MACs", "weights", "parameters")
    shown = table("layer", "operation", "reads", *numbers, numbers=numbers)
    for layer in network.layers:
        sizes = " x ".join(str(size) for size in layer.output_shape if size is not None)
        figures = (layer.macs, layer.weights if layer.multiplies else 0, layer.parameters)
        shown.add_row(
            layer.name, layer.operation, ", ".join(layer.inputs), sizes, *(f"{n:,}" if n else "" for n in figures)
        )
    shown.add_section()
    weights = sum(layer.weights for layer in network.multiplying)
    shown.add_row("all", "", "", "", f"{network.macs:,}", f"{weights:,}", f"{network.parameters:,}", style="bold")
    answer(shown)
