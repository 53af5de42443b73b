"""What an accelerator is told of one layer: its loops, its word lengths and, where values matter, its operands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from adequate.accelerators.integers import has_integers, width_of
from adequate.accelerators.loop_nest import LoopNest, loop_nest
from adequate.design import LayerDesign
from adequate.formats import Format
from adequate.network.layer import Layer

FLOAT_BITS = 32
"""A value without a format is a binary32."""


class MissingOperands(ValueError):
    """A machine reads values and was given none; whatever can be said without them is in order."""


@dataclass(frozen=True, eq=False)
class LayerOperands:
    """The integers that one layer multiplied on some images.

    ``activation`` is int32 (runs, groups * channels, height, width), padding included; ``weight`` int32 (1, groups *
    filters, channels, kernel height, kernel width), or one per run where it is an activation too. A run is one call
    on one image. An integer counts steps of the operand's grid, from its zero point if it has one.
    """

    activation: Tensor
    weight: Tensor
    images: int


@dataclass(frozen=True, eq=False)
class Operands(Mapping[str, LayerOperands]):
    """Layer name -> its operands on ``images`` images."""

    layers: Mapping[str, LayerOperands]
    images: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))

    def __getitem__(self, name: str) -> LayerOperands:
        return self.layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


@dataclass(frozen=True, eq=False)
class Work:
    """One layer as an accelerator sees it.

    ``activation_bits``, ``weight_bits`` and ``output_bits`` are word lengths as stored; an operand without a format is
    a float32. ``activation_width`` and ``weight_width`` are those of the integers that are multiplied. ``runs`` are
    the calls it makes on ``images`` images. ``operands`` are the values, if they were asked for.
    """

    name: str
    loops: LoopNest
    activation_bits: int
    weight_bits: int
    output_bits: int
    activation_width: int
    weight_width: int
    signed_activation: bool = True
    integers: bool = True
    runs: int = 1
    images: int = 1
    operands: LayerOperands | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all runs."""
        return self.runs * self.loops.macs

    def values(self, machine: str) -> LayerOperands:
        """The operands.

        Raises:
            MissingOperands: there are none.
        """
        if self.operands is None:
            raise MissingOperands(
                f"layer {self.name!r}: {machine} reads values; give it operands=adequate.operands(network, design,"
                " images)"
            )
        return self.operands

    def require_integers(self, machine: str, *, widest: int) -> None:
        """Checks that both operands are integers of at most ``widest`` bits.

        Raises:
            ValueError: an operand is not.
        """
        if not self.integers:
            raise ValueError(
                f"layer {self.name!r}: {machine} multiplies integers of at most {widest} bits; give its input and"
                " weight a fixed, power-of-two, binary, ternary or scaled integer format"
            )
        for slot, bits in (("input", self.activation_width), ("weight", self.weight_width)):
            if bits > widest:
                raise ValueError(
                    f"layer {self.name!r}: its {slot} has integers of {bits} bits; {machine} holds at most {widest}"
                )


def work_of(layer: Layer, chosen: LayerDesign, operands: LayerOperands | None = None) -> Work:
    """One layer in one design, on the images of ``operands`` or, without, on one.

    Raises:
        ValueError: the layer has no mapping (see ``loop_nest``).
    """
    images = 1 if operands is None else operands.images
    return Work(
        name=layer.name,
        loops=loop_nest(layer),
        activation_bits=_bits(chosen.input),
        weight_bits=_bits(chosen.weight),
        output_bits=_bits(chosen.output),
        activation_width=width_of(chosen.input),
        weight_width=width_of(chosen.weight),
        signed_activation=chosen.input is None or chosen.input.minimum < 0,
        integers=has_integers(chosen.input) and has_integers(chosen.weight),
        runs=layer.calls * images,
        images=images,
        operands=operands,
    )


def _bits(format: Format | None) -> int:
    return FLOAT_BITS if format is None else format.bits
