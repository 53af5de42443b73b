"""``adequate report``: the report of a run, written again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adequate.cli.options import OutputOptions, data_dir_option

if TYPE_CHECKING:
    from adequate.cli.progress import Progress
    from adequate.network import Network
    from adequate.run import Run


def report(
    run: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Folder of a run.")],
    output: OutputOptions,
    accelerator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]", help="A page with what the design costs on machines as well; all of them: all."
        ),
    ] = None,
    images: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many test images for machines that read values.")
    ] = 1,
    data_dir: Annotated[Path | None, data_dir_option()] = None,
) -> None:
    """Writes report.html of a finished run again, from what is in its folder.

    A search need not be finished: the report is then about the designs it tried so far. Of a design that pick took,
    the report is about that.

    With --accelerator also costs.html, to which the report links: roofline, cycles by layer, energy by part and the
    work that values leave, for the run's design with its weights and the first test images of its data.

    Example:
      adequate report runs/digits --accelerator dadiannao,laconic
    """
    from adequate.cli.finished import write_report
    from adequate.cli.models import network_of_run
    from adequate.cli.output import answer, answer_json, facts
    from adequate.cli.progress import Progress
    from adequate.cli.searched import write_search_report
    from adequate.run import Run

    place = Run(run)
    with Progress() as progress:
        progress.stage("report")
        network = network_of_run(place)
        refused: dict[str, str] = {}
        if accelerator is not None:
            refused = _write_costs(place, network, accelerator, images, data_dir, progress)
        write = write_search_report if place.facts().get("identity", {}).get("job") == "search" else write_report
        write(place, network)
    costs = {} if accelerator is None else {"costs": str(place.costs_file)}
    if output.json:
        answer_json({"report": str(place.report_file), **costs, **({"refused": refused} if refused else {})})
    else:
        rows = {"report": str(place.report_file), **costs}
        answer(facts({**rows, **{f"{name} refuses": why for name, why in refused.items()}}))


def _write_costs(
    run: "Run", network: "Network | None", names: str, count: int, data_dir: Path | None, progress: "Progress"
) -> dict[str, str]:
    """The page beside the report; what the machines said that refuse."""
    from adequate.cli.compared import compared, write_costs
    from adequate.cli.data_of_run import images_of
    from adequate.cli.errors import Misuse
    from adequate.cli.machines import machines
    from adequate.cli.output import plural
    from adequate.design import Design
    from adequate.sampled_operands import operands

    chosen = machines(names, None)
    if network is None or not run.design_file.exists():
        raise Misuse(f"{run.folder} has no design with its weights: what it costs cannot be said")
    identity, design = run.facts()["identity"], Design.load(run.design_file)
    progress.stage("operands")
    taken = operands(network, design, images_of(run, count, data_dir))
    found = compared(network, design, taken, chosen, progress)
    write_costs(
        found,
        run.costs_file,
        title=f"{identity['model']}: what it costs",
        about={
            "network": f"{identity['model']}, design {design.digest[:12]}",
            "operands": f"of {plural(taken.images, 'test image')} of {identity['data']}",
        },
        network=network,
        design=design,
        operands=taken,
    )
    return dict(found.refused)
