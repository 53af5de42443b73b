"""The codes that one layer of a network multiplies: what its errors are weighted with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import (
    DATA,
    MODEL,
    ComputeOptions,
    DataOptions,
    DesignOptions,
    ModelOptions,
    data_dir_option,
    file_option,
)

if TYPE_CHECKING:
    from torch import Tensor

    from adequate.cli.progress import Progress
    from adequate.formats import Format


@dataclass(frozen=True)
class LayerOptions:
    """Which layer of which network, on which images, in which arithmetic."""

    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Weights the errors by the codes that a layer multiplies.", rich_help_panel=MODEL
        ),
    ] = None
    weights: Annotated[
        Path | None, file_option("--weights", "Trained weights: .caffemodel, torch checkpoint or .safetensors.", MODEL)
    ] = None
    layer: Annotated[str | None, typer.Option(metavar="NAME", help="Which layer.", rich_help_panel=MODEL)] = None
    design: Annotated[
        Path | None, file_option("--design", "Its arithmetic (else dynamic fixed point of --bits).", MODEL)
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="A data set's name (mnist, ...), a folder or module:callable.", rich_help_panel=DATA
        ),
    ] = None
    data_dir: Annotated[Path | None, data_dir_option()] = None


def weighting(
    asked: LayerOptions, bits: int, signed: bool, compute: ComputeOptions, progress: "Progress"
) -> tuple["tuple[Tensor, Tensor] | None", dict[str, Any]]:
    """The histograms of the layer's operands on the calibration images, and what was measured; None if not asked for.

    Raises:
        Misuse: options that do not go together, no such layer, or one that does not multiply ``bits``-bit codes.
        OSError, ValueError: as ``open_subject``.
    """
    given = {name: value for name, value in vars(asked).items() if value is not None and name != "data_dir"}
    if asked.model is None or asked.layer is None or asked.data is None:
        if given:
            raise Misuse(f"--{next(iter(given))} is for errors weighted by a layer: give --model, --data and --layer")
        return None, {}

    from torch import Generator

    from adequate.cli.designs import arithmetic
    from adequate.cli.subject import open_subject
    from adequate.operand_codes import operand_histograms

    subject = open_subject(
        ModelOptions(asked.model, asked.weights), DataOptions(asked.data, asked.data_dir), compute, progress
    )
    options = DesignOptions(design=asked.design, bits=bits if asked.design is None else None)
    chosen = arithmetic(options, subject, compute.seed, progress)
    network, design = chosen.subject.network, chosen.design
    assert design is not None  # one of the two was given
    names = [one.name for one in network.multiplying]
    if asked.layer not in names:
        raise Misuse(f"no layer {asked.layer!r} that multiplies; the network has {', '.join(names)}")
    formats = design[asked.layer].input, design[asked.layer].weight
    if not all(_is_integer(one, bits, signed) for one in formats):
        kind = f"{'signed' if signed else 'unsigned'} {bits}-bit codes"
        found = " and ".join(str(one or "float") for one in formats)
        raise Misuse(f"layer {asked.layer!r} multiplies {found}, not two {kind}: see --signed and --bits")
    progress.stage(f"operands of {asked.layer}")
    images = chosen.subject.data.calibration(Generator().manual_seed(compute.seed))
    histograms = operand_histograms(network, design, progress.counting(images))[asked.layer]
    return histograms, {
        "model": asked.model,
        "layer": asked.layer,
        "data": asked.data,
        "images": len(images),
        **chosen.named,
    }


def _is_integer(format: "Format | None", bits: int, signed: bool) -> bool:
    from adequate.formats import Fixed, Scaled

    element = format.element if isinstance(format, Scaled) else format
    return isinstance(element, Fixed) and (element.bits, element.signed) == (bits, signed)
