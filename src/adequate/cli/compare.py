"""``adequate compare``: where a design loses information."""

from typing import Annotated, Any

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import ComputeOptions, DataOptions, DesignOptions, ModelOptions, OutputOptions

SLOTS = ("input", "weight", "output")


def compare(
    model: ModelOptions,
    data: DataOptions,
    design: DesignOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    images: Annotated[int, typer.Option(metavar="N", min=1, help="The first so many.")] = 1000,
) -> None:
    """Shows layer by layer what a design does to the numbers: float against emulated.

    SQNR = 10 log10(signal / squared error), in dB: of each format alone, and of the layer's output with
    everything before it in the design's arithmetic too. Saturated values were outside the format's range;
    zeroed ones were not zero and became it. Measured on validation images (on test images, where there are
    no others), with batch normalisation folded, except for a design that a file brings along.

    Example:
      adequate compare digits-cnn --data digits --bits 6
    """
    from adequate.cli.designs import arithmetic, listed_multipliers, multipliers
    from adequate.cli.output import answer, answer_json, facts, rewritten
    from adequate.cli.progress import Progress
    from adequate.cli.subject import open_subject
    from adequate.comparison import compare as compared

    with Progress() as progress:
        chosen = arithmetic(design, open_subject(model, data, compute, progress), compute.seed, progress)
        if chosen.design is None:
            raise Misuse("compare needs a design: give --design FILE or --bits B")
        subject = chosen.subject
        split = subject.data.validation or subject.data.test
        part = split.first(min(images, len(split)))
        progress.stage("float against emulated")
        layers = compared(subject.network, chosen.design, progress.counting(part))
    multiplied = multipliers(chosen.design)
    if output.json:
        plain = [
            {"name": one.name, "operation": one.operation, "sqnr_db": one.sqnr_db}
            | {slot: _plain(getattr(one, slot)) for slot in SLOTS}
            | ({"multiplier": multiplied[one.name]} if one.name in multiplied else {})
            for one in layers
        ]
        answer_json(
            {
                "model": model.model,
                "data": data.data,
                "split": split.name,
                "images": len(part),
                **chosen.named,
                "layers": plain,
            }
        )
        return
    rows = {
        "network": f"{model.model}, {chosen.described}",
        **rewritten(subject.network.rewrites),
        **listed_multipliers(chosen.design),
        "images": f"{len(part):,} of {data.data} ({split.name})",
        **subject.notes,
    }
    answer(_table(layers), facts(rows))


def _plain(one: Any) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"format": one.format, "sqnr_db": one.sqnr_db, "saturated": one.saturated, "zeroed": one.zeroed}


def _table(layers: Any) -> Any:
    from adequate.cli.output import table

    numbers = ("SQNR", "saturated", "zeroed", "output SQNR, all")
    shown = table("layer", "operation", "tensor", "format", *numbers, numbers=numbers)
    for one in layers:
        whole = _decibel(one.sqnr_db)
        rows = [(slot, getattr(one, slot)) for slot in SLOTS if getattr(one, slot) is not None]
        if not rows:
            shown.add_row(one.name, one.operation, "", "", "", "", "", whole)
        for position, (slot, seen) in enumerate(rows):
            names = (one.name, one.operation) if position == 0 else ("", "")
            rates = (_share(seen.saturated), _share(seen.zeroed))
            last = whole if position == len(rows) - 1 else ""
            shown.add_row(*names, slot, seen.format, _decibel(seen.sqnr_db), *rates, last)
    return shown


def _decibel(value: float) -> str:
    return "exact" if value == float("inf") else f"{value:.1f} dB"


def _share(value: float) -> str:
    if 0 < value < 0.00005:
        return "< 0.01 %"
    return f"{100 * value:.2f} %" if value else "0"
