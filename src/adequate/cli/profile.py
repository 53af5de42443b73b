"""``adequate profile``: the dynamic ranges of a network's tensors."""

from pathlib import Path
from typing import Annotated, Any

import typer

from adequate.cli.options import ComputeOptions, DataOptions, ModelOptions, OutputOptions

SLOTS = ("input", "weight", "bias", "output")
LEVELS = " ▁▂▃▄▅▆▇█"


def profile(
    model: ModelOptions,
    data: DataOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Writes the ranges there as well (JSON).")
    ] = None,
) -> None:
    """Measures the dynamic range of every layer's input, weight, bias and output on 1,000 training images.

    A number format has to cover these. Batch normalisation is folded first. The histogram counts magnitudes
    by octaves: the column of exponent e holds 2^(e-1) <= |x| < 2^e.

    Example:
      adequate profile digits-cnn --data digits
    """
    from torch import Generator

    from adequate.cli.output import answer, answer_json, facts, rewritten
    from adequate.cli.progress import Progress
    from adequate.cli.subject import open_subject
    from adequate.profiling import profile as profiled

    with Progress() as progress:
        subject = open_subject(model, data, compute, progress).folded
        progress.stage("dynamic ranges")
        calibration = subject.data.calibration(Generator().manual_seed(compute.seed))
        ranges = profiled(subject.network, progress.counting(calibration))
    if out is not None:
        ranges.save(out)
    if output.json:
        slots = {
            name: {slot: _plain(one) for slot in SLOTS if (one := getattr(around, slot)) is not None}
            for name, around in ranges.items()
        }
        answer_json({"model": model.model, "data": data.data, "ranges": slots, "images": ranges.images})
        return
    rows = {
        "network": model.model,
        **rewritten(subject.network.rewrites),
        "images": f"{ranges.images:,} of {data.data} ({calibration.name})",
        **subject.notes,
        **({"written to": str(out)} if out is not None else {}),
    }
    answer(_table(ranges), facts(rows))


def _plain(one: Any) -> dict[str, Any]:
    from adequate.profiling import LOWEST_EXPONENT

    octaves = {LOWEST_EXPONENT + i: count for i, count in enumerate(one.octaves) if count}
    return {"low": one.low, "high": one.high, "count": one.count, "zeros": one.zeros, "octaves": octaves}


def _table(ranges: Any) -> Any:
    """Layers without weights are left out: they pass values on."""
    from adequate.cli.output import table
    from adequate.profiling import LOWEST_EXPONENT

    seen = [one for around in ranges.values() for slot in SLOTS if (one := getattr(around, slot)) is not None]
    used = [i for one in seen for i, count in enumerate(one.octaves) if count > one.count / 1000]
    first, last = min(used), max(used)
    numbers = ("low", "high", "zero")
    shown = table(
        "layer", "tensor", *numbers, f"2^{first + LOWEST_EXPONENT} .. 2^{last + LOWEST_EXPONENT}", numbers=numbers
    )
    for name, around in ranges.items():
        label = name
        for slot in SLOTS:
            one = getattr(around, slot)
            if one is None or (around.weight is None and slot != "output"):
                continue
            share = f"{100 * one.zeros / max(one.count, 1):.0f} %"
            shown.add_row(label, slot, f"{one.low:.4g}", f"{one.high:.4g}", share, _bars(one.octaves[first : last + 1]))
            label = ""
    return shown


def _bars(counts: tuple[int, ...]) -> str:
    highest = max(*counts, 1)
    return "".join(LEVELS[-(-count * (len(LEVELS) - 1) // highest)] for count in counts)
