"""The areas and the leakage of a library's cells, from its Liberty file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PART = re.compile(
    r"/\*.*?(?:\*/|\Z)"
    r"|\b(?P<group>\w++)\s*+\((?P<name>[^(){}]*+)\)\s*+\{"
    r'|\b(?P<attribute>\w++)\s*+:\s*+(?P<value>"[^"]*+"|[^;{}\s"]++)'
    r'|"(?:[^"\\]|\\.)*+(?:"|\Z)'
    r"|(?P<end>\})",
    re.DOTALL,
)
_UNIT = re.compile(r"(\d+)([munp])W")
_NANOWATTS = {"m": 1e6, "u": 1e3, "n": 1.0, "p": 1e-3}


@dataclass(frozen=True)
class Library:
    """What a Liberty file says of its cells; a cell of which it does not say it is missing.

    The attributes are ``area``, ``cell_leakage_power`` or the library's ``default_cell_leakage_power``, and
    ``leakage_power_unit`` (Liberty User Guide, volume 2).
    """

    areas: Mapping[str, float]
    leakages_nw: Mapping[str, float]


def read_library(text: str) -> Library:
    """The library that a Liberty file describes.

    Raises:
        ValueError: a figure is no number.
    """
    inside: list[tuple[str, str]] = []
    library: dict[str, str] = {}
    cells: dict[str, dict[str, str]] = {}
    for part in _PART.finditer(text):
        if part["group"]:
            inside.append((part["group"], part["name"].strip().strip('"')))
        elif part["end"] and inside:
            inside.pop()
        elif part["attribute"]:
            match inside:
                case [_]:
                    library[part["attribute"]] = part["value"].strip('"')
                case [_, ("cell", name)]:
                    cells.setdefault(name, {})[part["attribute"]] = part["value"].strip('"')
    unit = _UNIT.fullmatch(library.get("leakage_power_unit", ""))
    usual = library.get("default_cell_leakage_power")
    leakages = {name: one.get("cell_leakage_power", usual) for name, one in cells.items()}
    return Library(
        {name: float(one["area"]) for name, one in cells.items() if "area" in one},
        {name: float(leakage) * int(unit[1]) * _NANOWATTS[unit[2]] for name, leakage in leakages.items() if leakage}
        if unit
        else {},
    )
