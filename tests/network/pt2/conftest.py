"""An exported program in a file, and ways to forge it."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export, save

MODEL = "models/model.json"
"""The member that holds the program."""


class Small(nn.Module):
    """A convolution, a batch norm and a linear layer whose rows are counted, with a constant of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.fc = nn.Linear(108, 4)

    def forward(self, images: Tensor) -> Tensor:
        x = self.norm(self.conv(images)).relu()
        return self.fc(x.reshape(images.shape[0], -1)) * torch.tensor([1.0, 2.0, 3.0, 4.0])


Forge = Callable[..., Path]
"""Writes a copy of the file with other members, and gives its path."""


@pytest.fixture(scope="session")
def small() -> Small:
    """The module in evaluation mode."""
    torch.manual_seed(0)
    return Small().eval()


@pytest.fixture(scope="session")
def saved(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that ``torch.export.save`` makes of it."""
    path = tmp_path_factory.mktemp("programs") / "small.pt2"
    save(export(small, (torch.zeros(2, 1, 8, 8),), dynamic_shapes=({0: Dim.AUTO},)), path)
    return path


@pytest.fixture
def forge(saved: Path, tmp_path: Path) -> Forge:
    """Replaces members by others (None: left out); ``edit`` changes the program's JSON in place."""

    def write(
        members: Mapping[str, bytes | None] | None = None,
        edit: Callable[[dict[str, Any]], object] | None = None,
        compression: int = zipfile.ZIP_STORED,
    ) -> Path:
        target = tmp_path / f"forged_{len(list(tmp_path.glob('forged_*')))}.pt2"
        changed = dict(members or {})
        with zipfile.ZipFile(saved) as source, zipfile.ZipFile(target, "w", compression) as forged:
            for name in source.namelist():
                short = name.partition("/")[2]
                content = source.read(name)
                if short == MODEL and edit is not None:
                    program = json.loads(content)
                    edit(program)
                    content = json.dumps(program).encode()
                replaced = changed.pop(short, content)
                if replaced is not None:
                    forged.writestr(name, replaced)
            for short, content in changed.items():
                assert content is not None
                forged.writestr(f"small/{short}", content)
        return target

    return write
