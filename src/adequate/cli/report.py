"""``adequate report``: the report of a run, written again."""

from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.options import OutputOptions


def report(
    run: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Folder of a run.")],
    output: OutputOptions,
) -> None:
    """Writes report.html of a finished run again, from what is in its folder.

    A search need not be finished: the report is then about the designs it tried so far. Of a design that pick took,
    the report is about that.

    Example:
      adequate report runs/digits
    """
    from adequate.cli.finished import write_report
    from adequate.cli.models import network_of_run
    from adequate.cli.output import answer, answer_json
    from adequate.cli.progress import Progress
    from adequate.cli.searched import write_search_report
    from adequate.run import Run

    place = Run(run)
    with Progress() as progress:
        progress.stage("report")
        write = write_search_report if place.facts().get("identity", {}).get("job") == "search" else write_report
        write(place, network_of_run(place))
    if output.json:
        answer_json({"report": str(place.report_file)})
    else:
        answer(f"report  {place.report_file}")
