"""``adequate study``: a published system's figures beside ours."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import ComputeOptions, OutputOptions


def study(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="dataflows, elements, eyeriss, exploration, laconic, proxsim, ristretto or synthesis."
        ),
    ],
    compute: ComputeOptions,
    output: OutputOptions,
    table: Annotated[list[str] | None, typer.Option(metavar="T", help="Only this table; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A small part, in minutes; the notes say which.")] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", exists=True, file_okay=False, help="Data sets and trained weights (else ADEQUATE_DATA)."
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Where trials and the page are kept (runs/NAME)."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Markdown file whose marked table is replaced."),
    ] = None,
) -> None:
    """Measures what a paper reports with this program, and sets the two side by side.

    ristretto: the published value, ours, and by how much less is lost here, for every row. proxsim: published
    multipliers in LeNet and ResNet-20 before and after the repairs. Also as a page with plots. A study that was
    stopped goes on. synthesis: what our multipliers and their MACs take in hardware, by Yosys, beside their errors.
    elements: the same of processing elements of exported Verilog. eyeriss: times and traffic of the chip. dataflows:
    reuse of operands, and machines for the edge under their roof. laconic: the work that zeros and terms leave in
    trained networks, and six machines on it. exploration: word lengths layer by layer against uniform ones, on two
    machines.

    Example:
      adequate study ristretto --table 5.2 --quick
    """
    from adequate.studies import STUDIES

    if name not in STUDIES:
        raise Misuse(f"no such study {name!r}; there are {', '.join(STUDIES)}")

    from adequate.cli.output import answer, answer_json
    from adequate.cli.output import table as empty_table
    from adequate.cli.progress import Progress
    from adequate.cli.subject import use_threads
    from adequate.studies.page import write_page
    from adequate.studies.table import cells, markdown, write_between

    module = import_module(STUDIES[name])
    unknown = [one for one in table or () if one not in module.TABLES]
    if unknown:
        raise Misuse(f"no such table {unknown[0]!r} in {name}; there are {', '.join(module.TABLES)}")
    use_threads(compute.threads)
    folder = run or Path("runs") / name
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    with Progress() as progress:
        rows, figures = module.run(
            folder, tables=tuple(table or module.TABLES), quick=quick, data_dir=data_dir, watcher=progress
        )
        write_page(page, f"adequate study {name}", rows, figures)
    if into is not None:
        write_between(into, name, markdown(rows))
    if output.json:
        answer_json({"study": name, "rows": [row.to_json() for row in rows], "page": str(page)})
        return
    head, *body = cells(rows)
    shown = empty_table(*head)
    for row in body:
        shown.add_row(*row)
    answer(shown, f"page  {page}")
