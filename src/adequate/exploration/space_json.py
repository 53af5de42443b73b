"""Spaces as JSON, both ways.

``{"adequate_space": 1, "start": DESIGN, "knobs": [{"name": "fc.weight", "choices": [{"fc": {"weight": "fixed(2,1)"}},
...]}]}``: the start as a design file has it, of every choice the slots it fills; null empties a slot. Some channels
of a weight are ``weight[FIRST:END]``.
"""

import json
from pathlib import Path
from typing import Any

from adequate.design import Design
from adequate.design.json import design_to_json, slot_from_json, slot_to_json
from adequate.design.tables import attached, save_tables
from adequate.exploration.knob import Choice, Knob
from adequate.exploration.slots import Value, whole
from adequate.operators import Multiplier
from adequate.storage import write_atomically

VERSION = 1


def write_space(start: Design, knobs: tuple[Knob, ...], path: Path) -> None:
    """Writes the file, and the tables of all multipliers into ``tables`` beside it.

    Raises:
        OSError: a file cannot be written.
        ValueError: a multiplier cannot be read back.
    """
    values = [value for knob in knobs for choice in knob.choices for _, value in choice]
    values += [layer.multiplier for layer in start.values()]
    save_tables((value for value in values if isinstance(value, Multiplier)), path)
    data = {
        "adequate_space": VERSION,
        "start": json.loads(design_to_json(start)),
        "knobs": [{"name": knob.name, "choices": [_choice_to_json(one) for one in knob.choices]} for knob in knobs],
    }
    write_atomically(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def read_space(path: Path) -> tuple[Design, tuple[Knob, ...]]:
    """The start and the knobs of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no space, or from a newer version, names an unknown slot, format or multiplier, or a table is
            missing or damaged; the message begins with the file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version = _field(data, "adequate_space", int, "a space")
        if version != VERSION:
            raise ValueError(f"space version {version}; this adequate reads version {VERSION}")
        start = Design.from_text(json.dumps(_field(data, "start", dict, "a space")), path)
        knobs = tuple(_knob(one, path) for one in _field(data, "knobs", list, "a space"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
    return start, knobs


def _choice_to_json(choice: Choice) -> dict[str, dict[str, Any]]:
    layers: dict[str, dict[str, Any]] = {}
    for (layer, slot), value in choice:
        layers.setdefault(layer, {})[slot] = None if value is None else slot_to_json(value)
    return layers


def _knob(data: Any, path: Path) -> Knob:
    name = _field(data, "name", str, "a knob")
    return Knob(name, tuple(_choice(one, name, path) for one in _field(data, "choices", list, f"knob {name!r}")))


def _choice(data: Any, knob: str, path: Path) -> Choice:
    if not isinstance(data, dict) or not all(isinstance(slots, dict) for slots in data.values()):
        raise ValueError(f"knob {knob!r}: a choice is an object of layers and their slots, not {data!r}")
    return tuple(
        ((layer, slot), _value(layer, slot, value, path))
        for layer, slots in data.items()
        for slot, value in slots.items()
    )


def _value(layer: str, slot: str, value: Any, path: Path) -> Value:
    if value is None:
        return None
    read = slot_from_json(layer, whole(slot), value)
    return attached(read, path) if isinstance(read, Multiplier) else read


def _field(data: Any, name: str, kind: type, where: str) -> Any:
    if not isinstance(data, dict) or name not in data:
        raise ValueError(f"{where} has no {name!r}")
    if not isinstance(data[name], kind) or isinstance(data[name], bool):
        raise ValueError(f"{where}: {name!r} is {data[name]!r}")
    return data[name]
