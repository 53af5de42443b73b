"""A Caffe net as its test phase sees it: inputs, layers in order, and which of them compute its outputs."""

from collections import Counter
from dataclasses import dataclass
from itertools import count

from adequate.network.caffe.inputs import DATA_LAYERS, declared_inputs, shapes_of_data
from adequate.network.caffe.message import Message
from adequate.network.caffe.old import is_version_0, upgraded_type
from adequate.network.caffe.ristretto import RISTRETTO

LAYERS = 5_000
"""The most layers a net may have; the largest published ones have about a thousand (assumed)."""

LOSSES = frozenset(
    {
        "ContrastiveLoss",
        "EuclideanLoss",
        "HingeLoss",
        "InfogainLoss",
        "MultinomialLogisticLoss",
        "SigmoidCrossEntropyLoss",
        "SoftmaxWithLoss",
    }
)
MEASURING = LOSSES | {"Accuracy", "HDF5Output", "Silence"}
"""Types that compute nothing of the network's own."""


@dataclass(frozen=True, slots=True)
class CaffeLayer:
    """One layer: its type, its values and its parameters as written.

    Blobs are numbered, since a layer may overwrite the blob it reads: ``reads`` and ``writes`` are the numbers of
    values, each written once.
    """

    name: str
    type: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    message: Message


@dataclass(frozen=True, slots=True)
class Net:
    """``inputs`` are (value, name, shape without the batch), only those that are read; ``layers`` only those needed.

    ``outputs`` are values: what no layer reads. Losses, accuracies and what else only trains or measures is gone, and
    with it what only losses of a smaller weight read (GoogLeNet's auxiliary classifiers).
    """

    inputs: tuple[tuple[int, str, tuple[int, ...]], ...]
    layers: tuple[CaffeLayer, ...]
    outputs: tuple[int, ...]


def net_of(message: Message, shape: tuple[int, ...] | None = None) -> Net:
    """The net that a prototxt describes, in the test phase, at level 0 and without stages.

    ``shape`` (C, H, W) replaces that of the only input, or gives the one that the file does not say.

    Raises:
        ValueError: a layer reads what none before it writes, two layers have one name, a shape is missing, ...
    """
    layers, dropped = list[CaffeLayer](), list[tuple[float, tuple[int, ...]]]()
    written = _layers_in_phase(message)
    declared = [*declared_inputs(message)]
    for layer in written:
        if _type(layer) in DATA_LAYERS:
            declared += zip(layer.texts("top"), shapes_of_data(layer, _type(layer)), strict=False)
    numbers = count()
    inputs = [(next(numbers), name, size) for name, size in declared]
    values = {name: value for value, name, _ in inputs}
    for layer in written:
        name, kind = _name(layer), _type(layer)
        if kind in DATA_LAYERS:
            continue
        bottoms, tops = layer.texts("bottom"), layer.texts("top")
        unknown = [bottom for bottom in bottoms if bottom not in values]
        if unknown:
            raise ValueError(f"layer {name!r} reads {unknown[0]!r}, which nothing before it writes")
        reads = tuple(values[bottom] for bottom in bottoms)
        if kind in MEASURING:
            if kind in LOSSES and reads:
                dropped.append((layer.real("loss_weight", 1.0), reads))
            continue
        writes = tuple(next(numbers) for _ in tops)
        values.update(zip(tops, writes, strict=True))
        layers.append(CaffeLayer(name, kind, reads, writes, layer))
    _check_names(layers)
    return _needed(inputs, layers, _auxiliary(dropped), shape)


def _layers_in_phase(message: Message) -> list[Message]:
    both = [*message.messages("layer"), *message.messages("layers")]
    if message.has("layer") and message.has("layers"):
        raise ValueError("the net has both 'layer' and 'layers'; Caffe reads one of them")
    if len(both) > LAYERS:
        raise ValueError(f"the net has {len(both)} layers, more than {LAYERS}")
    if any(map(is_version_0, both)):
        raise ValueError("the net is in Caffe's format of 2013 (layers { layer { ... } }); upgrade it with Caffe")
    return [layer for layer in both if _in_test_phase(layer)]


def _in_test_phase(layer: Message) -> bool:
    """Caffe, ``Net::FilterNet``: any rule of ``include`` holds, or none of ``exclude``."""
    included, excluded = layer.messages("include"), layer.messages("exclude")
    if included and excluded:
        raise ValueError(f"layer {_name(layer)!r} has both 'include' and 'exclude'")
    return any(map(_holds, included)) if included else not any(map(_holds, excluded))


def _holds(rule: Message) -> bool:
    """Whether a ``NetStateRule`` holds in the phase TEST, at level 0 and without stages."""
    lowest, highest = -(2**31), 2**31 - 1
    return (
        rule.choice("phase", "TEST", "TRAIN") == "TEST"
        and rule.integer("min_level", 0, lowest, highest) <= 0 <= rule.integer("max_level", 0, lowest, highest)
        and not rule.texts("stage")
    )


def _name(layer: Message) -> str:
    name = layer.text("name")
    if not name:
        raise ValueError(f"line {layer.line}: a layer without a name")
    return name


def _type(layer: Message) -> str:
    kind = upgraded_type(layer) or layer.text("type")
    if not kind:
        raise ValueError(f"line {layer.line}: layer {_name(layer)!r} has no type")
    return RISTRETTO.get(kind, kind)


def _check_names(layers: list[CaffeLayer]) -> None:
    for name, times in Counter(layer.name for layer in layers).items():
        if times > 1:
            raise ValueError(f"{times} layers are called {name!r}")


def _auxiliary(losses: list[tuple[float, tuple[int, ...]]]) -> set[int]:
    """The values that only losses of less than the greatest weight read."""
    heaviest = max((weight for weight, _ in losses), default=0.0)
    main = {value for weight, reads in losses if weight == heaviest for value in reads}
    return {reads[0] for _, reads in losses} - main


def _needed(
    inputs: list[tuple[int, str, tuple[int, ...] | None]],
    layers: list[CaffeLayer],
    auxiliary: set[int],
    shape: tuple[int, ...] | None,
) -> Net:
    """The net without the layers and inputs that no output depends on."""
    read = {value for layer in layers for value in layer.reads}
    outputs = [value for layer in layers for value in layer.writes if value not in read | auxiliary]
    if not outputs:
        raise ValueError("the net has no layer that computes an output")
    needed, kept = set(outputs), list[CaffeLayer]()
    for layer in reversed(layers):
        if needed.intersection(layer.writes):
            needed.update(layer.reads)
            kept.append(layer)
    used = [(value, name, size) for value, name, size in inputs if value in needed]
    return Net(_with_shape(used, shape), tuple(reversed(kept)), tuple(outputs))


def _with_shape(
    inputs: list[tuple[int, str, tuple[int, ...] | None]], shape: tuple[int, ...] | None
) -> tuple[tuple[int, str, tuple[int, ...]], ...]:
    if shape is not None and len(inputs) != 1:
        names = ", ".join(repr(name) for _, name, _ in inputs) or "none"
        raise ValueError(f"a shape is for a net with one input; this one has {names}")
    found: list[tuple[int, str, tuple[int, ...]]] = []
    for value, name, size in inputs:
        known = shape or size
        if known is None:
            raise ValueError(f"input {name!r} has no shape in the file: give it (channels, height, width)")
        found.append((value, name, known))
    return tuple(found)
