"""Exploration: the front of a network's word lengths beside every uniform design and Ristretto's.

Designs are chosen on images kept apart from training and told with their accuracy on test images. The published
networks were trained on the images that are chosen on here, so accuracies there are flattering; nothing is fine-tuned.
"""

from collections.abc import Sequence
from pathlib import Path

from adequate.bench import Silence, Watcher
from adequate.exploration import Store
from adequate.run import Run
from adequate.studies.exploration_laboratory import Laboratory
from adequate.studies.exploration_rows import Row
from adequate.studies.exploration_subjects import QUICK, SUBJECTS
from adequate.studies.page import Figure

TABLES = tuple(SUBJECTS)


def run(
    folder: Path,
    *,
    tables: Sequence[str] = TABLES,
    quick: bool = False,
    seed: int = 0,
    data_dir: Path | None = None,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
) -> tuple[list[Row], list[Figure]]:
    """The rows of the networks, and their fronts as plots; ``quick``: of the digits' network alone.

    Trials are kept in ``folder``, from which a killed study goes on; the front's designs lie in ``front`` there.

    Raises:
        FileNotFoundError: no weights below the data folder.
        ValueError: an unknown network.
    """
    unknown = [one for one in tables if one not in SUBJECTS]
    if unknown:
        raise ValueError(f"no such network {unknown[0]!r}; there are {', '.join(SUBJECTS)}")
    rows: list[Row] = []
    figures: list[Figure] = []
    for subject in [QUICK] if quick else [SUBJECTS[name] for name in tables]:
        watcher.stage(f"{subject.zoo}: weights and ranges")
        place = Run(folder / subject.zoo)
        place.claim({"study": "exploration", "network": subject.zoo, "seed": seed})
        with Store(place.trials_file) as store:
            laboratory = Laboratory(subject, place, store, seed, data_dir, watcher)
            found = laboratory.rows()
        rows += found
        figures += laboratory.figures()
    return rows, figures
