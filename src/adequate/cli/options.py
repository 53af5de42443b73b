"""The options that commands share, in groups: a command takes a group as one argument."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

MODEL, DATA, COMPUTE, OUTPUT = "Network", "Data", "Computing", "Output"
"""Panels of the help page."""


def file_option(name: str, help: str, panel: str | None = None) -> Any:
    """An option that names a file which has to be there."""
    return typer.Option(
        name, metavar="FILE", exists=True, dir_okay=False, readable=True, help=help, rich_help_panel=panel
    )


def written_file_option(help: str) -> Any:
    """An option that names a file to be written."""
    return typer.Option(metavar="FILE", dir_okay=False, help=help, rich_help_panel=OUTPUT)


def data_dir_option() -> Any:
    """The option that names the folder of data sets."""
    return typer.Option(
        "--data-dir",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Where named data sets lie (else ADEQUATE_DATA, else the user's cache).",
        rich_help_panel=DATA,
    )


@dataclass(frozen=True)
class ModelOptions:
    """Which network."""

    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A network of the zoo (lenet, ...), a file (.onnx, .pt2, .prototxt) or module:callable.",
        ),
    ]
    weights: Annotated[
        Path | None, file_option("--weights", "Trained weights: .caffemodel, torch checkpoint or .safetensors.", MODEL)
    ] = None
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="C,H,W", help="Shape of an image, where neither data nor file say it.", rich_help_panel=MODEL
        ),
    ] = None


@dataclass(frozen=True)
class DataOptions:
    """Which images, and what a model of the user's own does to them first."""

    data: Annotated[
        str,
        typer.Option(
            metavar="DATA", help="A data set's name (mnist, ...), a folder or module:callable.", rich_help_panel=DATA
        ),
    ]
    data_dir: Annotated[Path | None, data_dir_option()] = None
    split_seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Halves data that come as one split: one half to choose on, one to report on.",
            rich_help_panel=DATA,
        ),
    ] = None
    scale: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="For files and module:callable: pixels times this (uint8: 1/255).", rich_help_panel=DATA
        ),
    ] = None
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="R,G,B|FILE", help="Then minus this, per channel, or a .binaryproto.", rich_help_panel=DATA
        ),
    ] = None
    std: Annotated[
        str | None, typer.Option(metavar="R,G,B", help="Then divided by this, per channel.", rich_help_panel=DATA)
    ] = None
    channels: Annotated[
        str | None, typer.Option(metavar="rgb|bgr", help="Order the network was trained with.", rich_help_panel=DATA)
    ] = None


class Covered(StrEnum):
    """Calibrations, by the names of the functions in ``adequate.calibration``."""

    MIN_MAX = "min_max"
    PERCENTILE = "percentile"
    LEAST_SQUARED_ERROR = "least_squared_error"
    ENTROPY = "entropy"


@dataclass(frozen=True)
class DesignOptions:
    """Which arithmetic; without either, the one a file brings along, else full precision."""

    design: Annotated[Path | None, file_option("--design", "A design, as condense leaves it.")] = None
    bits: Annotated[
        int | None, typer.Option(metavar="B", min=2, max=32, help="Dynamic fixed point of this width, everywhere.")
    ] = None
    calibration: Annotated[
        Covered | None,
        typer.Option(
            metavar="NAME",
            help="With --bits, what formats cover: min_max, percentile (99.99 %), least_squared_error or entropy; "
            "else Ristretto's rule.",
        ),
    ] = None


@dataclass(frozen=True)
class ComputeOptions:
    """How the command computes."""

    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random choice.", rich_help_panel=COMPUTE)] = 0
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processor threads.", rich_help_panel=COMPUTE)
    ] = None


@dataclass(frozen=True)
class OutputOptions:
    """How the command talks."""

    json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.", rich_help_panel=OUTPUT)
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Failures with their traceback.", rich_help_panel=OUTPUT)] = (
        False
    )


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of its option groups as parameters of their own, as typer wants them."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            parameters += _parameters(groups[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def flat(**given: Any) -> None:
        made = {name: kind(**{one.name: given.pop(one.name) for one in fields(kind)}) for name, kind in groups.items()}
        command(**made, **given)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {one.name: one.annotation for one in parameters}
    return flat


def _parameters(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if one.default is MISSING else one.default,
            annotation=hints[one.name],
        )
        for one in fields(group)
    ]
