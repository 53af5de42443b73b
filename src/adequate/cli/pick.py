"""``adequate pick``: one design of a search's front."""

from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.options import OutputOptions


def pick(
    run: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Folder of a search.")],
    output: OutputOptions,
    max_drop: Annotated[
        float, typer.Option(metavar="POINTS", min=0.0, max=100.0, help="What accuracy may be lost on validation.")
    ] = 1.0,
    by: Annotated[
        str | None, typer.Option(metavar="O", help="The objective that is to be least (else the search's first).")
    ] = None,
) -> None:
    """Writes the cheapest design of the front within a margin as design.json in the run's folder.

    It is chosen by the accuracies on the validation images, as the search was; the one on the test images is told.
    Of a search that was stopped it is the front so far, which no test image has judged.

    Example:
      adequate pick runs/front --max-drop 0.5
    """
    from adequate.cli.amounts import percent
    from adequate.cli.output import answer, answer_json, facts
    from adequate.exploring import picked
    from adequate.run import Run

    place = Run(run)
    one = picked(place, max_drop, by)
    if output.json:
        answer_json({**one, "design": str(place.design_file)})
        return
    shown = {name: value for name, value in one.items() if name not in ("file", "design", "images")}
    rows = {name: percent(value) if "accuracy" in name else f"{value:,.6g}" for name, value in shown.items()}
    answer(facts({"design": str(place.design_file), **rows}))
