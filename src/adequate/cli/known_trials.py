"""``--trials-from``: trials that other runs have done."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

TrialsFromOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trials-from",
        metavar="RUN|FILE",
        exists=True,
        help="Runs no trial again that this run has; may be given several times.",
    ),
]


def trial_files(named: Sequence[Path] | None) -> list[Path]:
    """The files of trials that were named, of a run's folder its own."""
    from adequate.run import Run

    return [Run(one).trials_file if one.is_dir() else one for one in named or ()]
