"""Designs as JSON, both ways: ``{"adequate_design": 1, "layers": {"conv1": {"weight": "fixed(8,7)"}}}``.

Formats and multipliers are written in their text form, accumulators as ``{"format": ..., "order": ...}`` with
``block``, ``product``, ``compensated`` and ``adder`` where they are set. Of a multiplier that is a table, the text
holds the SHA-256 of its content, which lies beside the file (``design.tables``). ``SCHEMA`` is the JSON Schema of the
file.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adequate.formats import Format, parse
from adequate.operators import ADDERS, Accumulator, Adder, Multiplier, Order, parse_operator
from adequate.operators.accumulator import LONGEST_BLOCK

if TYPE_CHECKING:
    from adequate.design.design import Design

VERSION = 1

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "adequate design",
    "type": "object",
    "required": ["adequate_design", "layers"],
    "additionalProperties": False,
    "properties": {
        "adequate_design": {"const": VERSION},
        "layers": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "input": {"type": "string"},
                    "weight": {"type": "string"},
                    "multiplier": {"type": "string"},
                    "output": {"type": "string"},
                    "accumulator": {
                        "type": "object",
                        "required": ["format", "order"],
                        "additionalProperties": False,
                        "properties": {
                            "format": {"type": "string"},
                            "order": {"enum": [order.value for order in Order]},
                            "block": {"type": "integer", "minimum": 1, "maximum": LONGEST_BLOCK},
                            "product": {"type": "string"},
                            "compensated": {"const": True},
                            "adder": {"type": "string"},
                        },
                    },
                },
            },
        },
    },
}


def design_to_json(design: "Design") -> str:
    """Canonical text: layers sorted by name, two spaces, a final newline; equal designs give equal bytes."""
    layers = {name: {slot: slot_to_json(value) for slot, value in one.slots().items()} for name, one in design.items()}
    return json.dumps({"adequate_design": VERSION, "layers": layers}, indent=2, ensure_ascii=False) + "\n"


def design_from_json(text: str) -> dict[str, dict[str, Any]]:
    """Slots by layer name.

    Raises:
        ValueError: not JSON, not a design, a newer version, an unknown slot or format.
    """
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(data, dict) or "adequate_design" not in data:
        raise ValueError('not a design: there is no "adequate_design" with its version')
    version: Any = data["adequate_design"]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"design version {version!r} is not a number from 1 to {VERSION}")
    if version > VERSION:
        raise ValueError(f"design version {version} is newer than version {VERSION}, which this adequate reads")
    _require_keys(data, ("adequate_design", "layers"), "a design")  # pyright: ignore[reportUnknownArgumentType]
    layers = _mapping(data.get("layers"), "layers")  # pyright: ignore[reportUnknownMemberType]
    return {
        name: {slot: slot_from_json(name, slot, value) for slot, value in _mapping(one, f"layer {name!r}").items()}
        for name, one in layers.items()
    }


def slot_to_json(value: Format | Multiplier | Accumulator) -> Any:
    """What fills a slot, as plain values."""
    return accumulator_to_json(value) if isinstance(value, Accumulator) else str(value)


def accumulator_to_json(one: Accumulator) -> dict[str, Any]:
    """An accumulator as plain values."""
    written: dict[str, Any] = {"format": str(one.format), "order": one.order.value}
    if one.block is not None:
        written["block"] = one.block
    if one.product is not None:
        written["product"] = str(one.product)
    if one.compensated:
        written["compensated"] = True
    if one.adder is not None:
        written["adder"] = str(one.adder)
    return written


def slot_from_json(layer: str, slot: str, value: Any) -> Format | Multiplier | Accumulator:
    """What ``slot_to_json`` wrote of a layer's slot.

    Raises:
        ValueError: no such slot, or nothing that fills it; the message names layer and slot.
    """
    try:
        if slot == "accumulator":
            return accumulator_from_json(_mapping(value, "accumulator"))
        if slot == "multiplier":
            return _multiplier(value)
        if slot not in ("input", "weight", "output"):
            raise ValueError("no such slot; a layer has 'input', 'weight', 'multiplier', 'accumulator', 'output'")
        return _format(value)
    except KeyError as error:
        raise ValueError(f"layer {layer!r}, slot {slot!r}: {error} is missing") from None
    except ValueError as error:
        raise ValueError(f"layer {layer!r}, slot {slot!r}: {error}") from None


def accumulator_from_json(given: Mapping[str, Any]) -> Accumulator:
    """An accumulator from what ``accumulator_to_json`` wrote.

    Raises:
        ValueError: an unknown key or value.
    """
    _require_keys(given, ("format", "order", "block", "product", "compensated", "adder"), "an accumulator")
    read: dict[str, Callable[[Any], Any]] = {"format": _format, "order": _order, "product": _format, "adder": _adder}
    values = {key: read[key](value) if key in read else value for key, value in given.items()}
    return Accumulator(**{"format": values["format"], "order": values["order"], **values})


def _format(text: Any) -> Format:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not the text of a format")
    return parse(text)


def _multiplier(text: Any) -> Multiplier:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not the text of a multiplier")
    operator = parse_operator(text)
    if not isinstance(operator, Multiplier):
        raise ValueError(f"{operator} is no multiplier")
    return operator


def _order(text: Any) -> Order:
    orders = {order.value: order for order in Order}
    if not isinstance(text, str) or text not in orders:
        raise ValueError(f"no such order {text!r}; there are {', '.join(map(repr, orders))}")
    return orders[text]


def _adder(text: Any) -> Adder:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not the text of an adder")
    adder = parse_operator(text)
    if not isinstance(adder, Adder):
        raise ValueError(f"{text!r} is no adder; adders are {', '.join(kind.name for kind in ADDERS)}")
    return adder


def _require_keys(given: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in given:
        if key not in known:
            raise ValueError(f"{what} has no {key!r}; it has {', '.join(map(repr, known))}")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"not a design: {what} is {type(value).__name__}, not an object")
    return value  # pyright: ignore[reportUnknownVariableType]
