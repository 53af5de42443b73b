"""Programs in files: ``program.json`` and, beside it, ``arrays.npz`` with every array and the tables of multipliers."""

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np

from adequate.design.json import accumulator_from_json, accumulator_to_json
from adequate.design.tables import attached, save_tables
from adequate.formats import Format, Overflow, Rounding, Underflow, parse
from adequate.kernels.columns import Window
from adequate.kernels.contraction import Contraction
from adequate.operators import Accumulator, Multiplier, parse_operator
from adequate.program import Approximate, Program, Register, ToFixed, ToFloat, Value, Words
from adequate.program import steps as kinds
from adequate.program.steps import Step

VERSION = 1
PROGRAM, ARRAYS = "program.json", "arrays.npz"

STEPS = {
    one.__name__: one
    for one in vars(kinds).values()
    if isinstance(one, type) and issubclass(one, Step) and one not in (Step, kinds.Product)
}
NOUNS: dict[str, Any] = {
    one.__name__: one for one in (Value, Window, Contraction, ToFixed, ToFloat, Register, Rounding, Overflow, Underflow)
}
"""What a step is made of, but for formats, operators, numbers and arrays."""

_Arrays = dict[str, Any]


def save_program(program: Program, folder: Path) -> None:
    """Writes a program into a folder that exists; equal programs give equal bytes.

    Raises:
        OSError: it cannot be written.
        ValueError: a multiplier is of a class of the user's own.
    """
    arrays: _Arrays = {}
    written = [{"step": type(step).__name__, **_fields(step, f"{at}", arrays)} for at, step in enumerate(program.steps)]
    found = {
        "adequate_program": VERSION,
        "outputs": list(program.outputs),
        "layers": dict(program.layers),
        "steps": written,
    }
    multipliers = (
        step.products.multiplier
        for step in program.steps
        if isinstance(step, kinds.Product) and step.products is not None
    )
    save_tables(multipliers, folder / PROGRAM)
    (folder / PROGRAM).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    with (folder / ARRAYS).open("wb") as file:
        np.savez(file, **arrays)


def load_program(folder: Path) -> Program:
    """Reads what ``save_program`` wrote; nothing in it is ever run.

    Raises:
        OSError: a file is missing.
        ValueError: it is damaged, no program, or of a newer version.
    """
    file = folder / PROGRAM
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        version = found["adequate_program"]
        if version != VERSION:
            raise ValueError(f"version {version!r}; this adequate reads {VERSION}")
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            steps = tuple(_step(one, arrays, file) for one in found["steps"])
        program = Program(steps, tuple(found["outputs"]), dict(found["layers"]))
        unknown = {*program.outputs, *program.layers.values()} - program.values.keys()
        if unknown:
            raise ValueError(f"no step makes {', '.join(map(repr, sorted(unknown)))}")
        return program
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadZipFile) as error:
        raise ValueError(f"{file} is no whole program: {error}") from error


def _fields(noun: Any, path: str, arrays: _Arrays) -> dict[str, Any]:
    return {one.name: _written(getattr(noun, one.name), f"{path}.{one.name}", arrays) for one in fields(noun)}


def _written(value: Any, path: str, arrays: _Arrays) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case Fraction():
            return {"fraction": str(value)}
        case np.ndarray():
            arrays[path] = _plain(value)
            return {"array": path}
        case Format():
            return {"format": str(value)}
        case Accumulator():
            return {"accumulator": accumulator_to_json(value)}
        case Approximate():
            return {"multiplier": str(value.multiplier), "zeros": [value.x.zero, value.w.zero]}
        case Enum():
            return {"noun": type(value).__name__, "value": value.value}
        case tuple():
            items = cast(tuple[Any, ...], value)
            return [_written(one, f"{path}.{at}", arrays) for at, one in enumerate(items)]
        case _ if type(value) in NOUNS.values():
            return {"noun": type(value).__name__, **_fields(value, path, arrays)}
        case _:
            raise ValueError(f"{path}: a program file cannot hold {value!r}")


def _plain(array: Any) -> Any:
    """Integers as int64, or as decimal text where one is wider."""
    if array.dtype != object:
        return array
    wide = any(abs(int(n)) >= 2**63 for n in array.flat)
    return np.vectorize(str, otypes=[str])(array) if wide else array.astype(np.int64)


def _step(given: Mapping[str, Any], arrays: Any, file: Path) -> Step:
    kind = STEPS.get(given["step"])
    if kind is None:
        raise ValueError(f"no such step {given['step']!r}; there are {', '.join(sorted(STEPS))}")
    return kind(**{key: _read(value, arrays, file) for key, value in given.items() if key != "step"})


def _read(value: Any, arrays: Any, file: Path) -> Any:
    if isinstance(value, list):
        return tuple(_read(one, arrays, file) for one in cast(list[Any], value))
    if not isinstance(value, dict):
        return value
    given = cast(dict[str, Any], value)
    if "fraction" in given:
        return Fraction(given["fraction"])
    if "array" in given:
        return _integers(arrays[given["array"]])
    if "format" in given and len(given) == 1:
        return parse(given["format"])
    if "accumulator" in given and len(given) == 1:
        return accumulator_from_json(given["accumulator"])
    if "multiplier" in given:
        multiplier = parse_operator(given["multiplier"])
        if not isinstance(multiplier, Multiplier):
            raise ValueError(f"{multiplier} is no multiplier")
        multiplier, (x, w) = attached(multiplier, file), given["zeros"]
        return Approximate(multiplier, Words(multiplier.a, x), Words(multiplier.b, w))
    kind = NOUNS.get(given["noun"])
    if kind is None:
        raise ValueError(f"no such part of a step {given['noun']!r}; there are {', '.join(sorted(NOUNS))}")
    return kind(**{key: _read(one, arrays, file) for key, one in given.items() if key != "noun"})


def _integers(array: Any) -> Any:
    return np.vectorize(int, otypes=[object])(array) if array.size else array.astype(object)
