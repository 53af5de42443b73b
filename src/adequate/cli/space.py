"""``adequate space``: which designs a search can reach, in a file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import ComputeOptions, DataOptions, ModelOptions, OutputOptions, file_option

if TYPE_CHECKING:
    from adequate.exploration.supported import LeftOut
    from adequate.operators import Accumulator, Multiplier

WIDTHS = frozenset(map(str, range(1, 65)))
"""Word lengths that can be asked for."""

CATALOG = "catalog"
"""Stands for all multipliers of the catalogue of 8 bits."""


def space(
    model: ModelOptions,
    data: DataOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Writes the space there (JSON).")],
    design: Annotated[
        Path | None, file_option("--design", "Where the space starts (else dynamic fixed point of 8 bits).")
    ] = None,
    bits: Annotated[str, typer.Option(metavar="B-B|B,B...", help="Word lengths of every weight and output.")] = "2-8",
    family: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT", help="Another family, by a member: float(4,3), pow2(4).")
    ] = None,
    channel_groups: Annotated[
        int, typer.Option(metavar="N", min=1, help="Word lengths for so many runs of a weight's output channels.")
    ] = 1,
    multiplier: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A multiplier that layers may have: drum(8,8,4); catalog for all."),
    ] = None,
    accumulator: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT", help="A register that sums may be kept in: fixed(20,12).")
    ] = None,
    accelerator: Annotated[
        str | None, typer.Option(metavar="A[,A...]", help="Without what these machines cannot run.")
    ] = None,
) -> None:
    """Writes a design space: the choices that search has for every layer.

    Every edge that carries numbers and every weight is a knob: what a layer writes and the next one reads share a word
    length, what an addition adds shares a format. Batch normalisation is folded. The file lists all choices of all
    knobs and may be edited: a choice is whatever fills the same slots. --family, --multiplier and --accumulator can be
    given several times; multipliers and accumulators go from exact to coarse.

    Example:
      adequate space digits-cnn --data digits --bits 2-6 --family "float(3,4)" \\
        --out spaces/digits.json
    """
    from torch import Generator

    from adequate.cli.designs import fitting_design
    from adequate.cli.machines import machines
    from adequate.cli.output import answer, answer_json, facts, rewritten, table
    from adequate.cli.progress import Progress
    from adequate.cli.subject import open_subject
    from adequate.exploration import Space, dynamic_fixed
    from adequate.exploration.knob import shown
    from adequate.exploration.supported import supported
    from adequate.exploring.job import START_BITS
    from adequate.formats import parse
    from adequate.profiling import profile

    widths = _widths(bits)
    limits = [] if accelerator is None else machines(accelerator, None)
    families = [parse(text) for text in family or ()]
    registers = _registers(accumulator or ())
    chosen = _multipliers(multiplier or ())
    with Progress() as progress:
        subject = open_subject(model, data, compute, progress).folded
        if design is None:
            progress.stage("dynamic ranges")
            calibration = subject.data.calibration(Generator().manual_seed(compute.seed))
            start = dynamic_fixed(profile(subject.network, progress.counting(calibration)), START_BITS)
        else:
            start = fitting_design(design, subject.network)
        made = Space.of(
            subject.network,
            start,
            widths,
            multipliers=chosen,
            accumulators=registers,
            families=families,
            channel_groups=channel_groups,
        )
        gone: list[LeftOut] = []
        for machine in limits:
            found = supported(made, subject.network, machine)
            made, gone = found.space, [*gone, *found.left_out]
    made.save(out)
    if output.json:
        knobs = {knob.name: [shown(choice) for choice in knob.choices] for knob in made.knobs}
        answer_json({"size": made.size, "knobs": knobs, "left_out": [asdict(one) for one in gone], "space": str(out)})
        return
    shown_knobs = table("knob", "choices", "", numbers=("choices",))
    for knob in made.knobs:
        ends = list(dict.fromkeys((shown(knob.choices[0]), shown(knob.choices[-1]))))
        shown_knobs.add_row(knob.name, f"{len(knob.choices)}", " .. ".join(ends))
    rows = {
        "network": model.model,
        **rewritten(subject.network.rewrites),
        "space": f"{made.size:,} designs",
        **left_out(gone),
        "written to": str(out),
    }
    answer(shown_knobs, facts(rows))


def left_out(choices: "Sequence[LeftOut]") -> dict[str, str]:
    """What machines cannot run, each reason once, as a row of ``facts``; nothing where they run everything."""
    from rich.markup import escape

    from adequate.cli.output import plural

    counted = Counter(one.reason for one in choices)
    lines = [f"{plural(count, 'choice')}: {escape(reason)}" for reason, count in counted.items()]
    return {"left out": "\n".join(lines)} if lines else {}


def _widths(text: str) -> tuple[int, ...]:
    parts = [[end.strip() for end in part.split("-")] for part in text.split(",")]
    if all(len(ends) <= 2 and all(end in WIDTHS for end in ends) for ends in parts):
        found = tuple(bits for ends in parts for bits in range(int(ends[0]), int(ends[-1]) + 1))
        if found:
            return found
    raise Misuse(f"--bits takes word lengths from 1 to 64, as in 2-8 or 4,8,16, not {text!r}")


def _registers(texts: Sequence[str]) -> "tuple[Accumulator, ...]":
    from adequate.formats import Fixed, Minifloat, parse
    from adequate.operators import Accumulator

    found: list[Accumulator] = []
    for text in texts:
        format = parse(text)
        if not isinstance(format, Fixed | Minifloat):
            raise Misuse(f"--accumulator takes fixed or float, not {text}")
        found.append(Accumulator(format))
    return tuple(found)


def _multipliers(texts: Sequence[str]) -> "tuple[Multiplier, ...]":
    from adequate.operators import Multiplier, catalog, parse_operator

    found: list[Multiplier] = []
    for text in texts:
        if text == CATALOG:
            found += catalog(8)
            continue
        operator = parse_operator(text)
        if not isinstance(operator, Multiplier):
            raise Misuse(f"--multiplier takes a multiplier, not the {type(operator).__name__} {text}")
        found.append(operator)
    return tuple(found)
