"""What mutations start from: files that are read, and the door that reads them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Seed:
    """Some files by name, the first of which is handed to the reader called ``door``.

    ``refused`` seeds are sound files of what is not supported.
    """

    name: str
    door: str
    files: Mapping[str, bytes]
    refused: bool = False

    @property
    def main(self) -> str:
        """The file that the reader is told of."""
        return next(iter(self.files))

    def write(self, folder: Path) -> Path:
        """The files in a folder; gives the main one."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder / self.main


def save_seeds(folder: Path, seeds: Sequence[Seed]) -> None:
    """Keeps seeds for other processes."""
    for index, seed in enumerate(seeds):
        seed.write(folder / str(index))
    listed = [[seed.name, seed.door, list(seed.files), seed.refused] for seed in seeds]
    (folder / "seeds.json").write_text(json.dumps(listed))


def load_seeds(folder: Path) -> list[Seed]:
    """What ``save_seeds`` kept."""
    listed = json.loads((folder / "seeds.json").read_text())
    return [
        Seed(name, door, {file: (folder / str(index) / file).read_bytes() for file in files}, refused)
        for index, (name, door, files, refused) in enumerate(listed)
    ]
