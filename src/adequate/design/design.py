"""The hardware we choose: a number format, and more, for every layer."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from adequate.design.json import design_from_json, design_to_json
from adequate.design.tables import attached, save_tables
from adequate.formats import Format
from adequate.operators import Accumulator, Multiplier
from adequate.storage import write_atomically


@dataclass(frozen=True, slots=True)
class LayerDesign:
    """The arithmetic of one layer; None leaves a value as it is.

    One layer computes: x^ = input(x); w^ = weight(w); the products x^ w^ (or the multiplier's); their exact sum (or the
    accumulator's); plus the bias, rounded half to even to the grid of the products, or to the accumulator's if that is
    coarser; y = output(sum).
    A layer with several operands (add, concat) applies ``input`` to each; of a matrix product or einsum the parameter,
    wherever it stands, else the second operand takes ``weight``. That grid is each output channel's own where the
    weight has a scale or a format per channel; under a shared exponent no grid is known beforehand, and the bias is
    added as it is.

    Sums are exact if ``input`` and ``weight`` are both given, or an accumulator; else torch's own. Without ``output``
    they become the nearest number of the network's dtype (in float64, of two neighbours the odd one).
    """

    input: Format | None = None
    weight: Format | None = None
    multiplier: Multiplier | None = None
    accumulator: Accumulator | None = None
    output: Format | None = None

    def slots(self) -> dict[str, Format | Multiplier | Accumulator]:
        """The slots that are set, by name."""
        found = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in found if value is not None}

    def __bool__(self) -> bool:
        return bool(self.slots())


@dataclass(frozen=True, eq=False)
class Design(Mapping[str, LayerDesign]):
    """Layer name -> ``LayerDesign``; a layer that is missing stays in floating point.

    Immutable, comparable, hashable; layers are kept sorted by name, so equal designs have equal bytes.

    >>> from adequate.formats import Fixed
    >>> design = Design().with_layers(["conv1"], weight=Fixed(8, 7))
    >>> str(design["conv1"].weight), bool(design["fc"])
    ('fixed(8,7)', False)
    """

    layers: Mapping[str, LayerDesign] = field(default_factory=dict[str, LayerDesign])

    def __post_init__(self) -> None:
        chosen = {name: self.layers[name] for name in sorted(self.layers) if self.layers[name]}
        object.__setattr__(self, "layers", MappingProxyType(chosen))

    def __getitem__(self, name: str) -> LayerDesign:
        return self.layers.get(name, LayerDesign())

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, name: object) -> bool:
        return name in self.layers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Design) and dict(self.layers) == dict(other.layers)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[type["Design"], tuple[dict[str, LayerDesign]]]:
        return Design, (dict(self.layers),)

    def with_layers(self, names: str | Iterable[str], **changes: Any) -> "Design":
        """This design with some slots of some layers changed; entries are created where there are none."""
        wanted = (names,) if isinstance(names, str) else tuple(names)
        return Design({**self.layers, **{name: replace(self[name], **changes) for name in wanted}})

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the design's canonical JSON."""
        return hashlib.sha256(design_to_json(self).encode()).hexdigest()

    def save(self, path: str | Path) -> None:
        """Writes the design as JSON, whole or not at all, and its multipliers' tables into ``tables`` beside it.

        Raises:
            OSError: a file cannot be written.
            ValueError: a multiplier is of a class of the user's own, or a table without content.
        """
        save_tables((one.multiplier for one in self.layers.values() if one.multiplier is not None), Path(path))
        write_atomically(Path(path), design_to_json(self))

    @staticmethod
    def load(path: str | Path) -> "Design":
        """Reads what ``save`` wrote.

        Raises:
            ValueError: the file is no design, is from a newer version, names an unknown slot, format or multiplier, or
                a multiplier's table is missing or damaged.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{path}: not a design: the file is not text") from None
        try:
            return Design.from_text(text, Path(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @staticmethod
    def from_text(text: str, file: Path) -> "Design":
        """The design of a text that stands in ``file``, beside which the tables of its multipliers are.

        Raises:
            ValueError: as ``load``.
        """
        layers: dict[str, LayerDesign] = {}
        for name, slots in design_from_json(text).items():
            layer = LayerDesign(**slots)
            try:
                with_tables = None if layer.multiplier is None else attached(layer.multiplier, file)
            except ValueError as error:
                raise ValueError(f"layer {name!r}, slot 'multiplier': {error}") from None
            layers[name] = replace(layer, multiplier=with_tables)
        return Design(layers)


def difference(a: Design, b: Design) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    """Slots in which two designs differ: layer -> slot -> (text in a, text in b), None where a slot is not set."""
    found: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    for name in sorted({*a, *b}):
        before, after = a[name].slots(), b[name].slots()
        changed = {
            slot: (str(before[slot]) if slot in before else None, str(after[slot]) if slot in after else None)
            for slot in (one.name for one in fields(LayerDesign))
            if before.get(slot) != after.get(slot)
        }
        if changed:
            found[name] = changed
    return found
