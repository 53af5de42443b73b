"""Folders that are whole or absent."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

MANIFEST = "manifest.json"
"""The file that makes a folder an export; its ``export`` says of which kind."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new, empty folder to write to, which takes the name ``folder`` at the end, or vanishes after an error.

    Raises:
        OSError: it cannot be written.
        ValueError: ``folder`` is a file, or holds something that is no export.
    """
    target = Path(os.path.realpath(folder))
    if target.exists() and not (target.is_dir() and (not any(target.iterdir()) or kind_of(target) is not None)):
        raise ValueError(f"{folder} holds something else than an export; choose a new or an empty folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    mark = f"{os.getpid()}-{secrets.token_hex(4)}"
    made, old = (target.with_name(f".{target.name}.{mark}.{part}") for part in ("new", "old"))
    made.mkdir()
    try:
        yield made
        if target.exists():
            target.rename(old)
        try:
            made.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def kind_of(folder: Path) -> str | None:
    """What the folder is an export to; None if it is none."""
    try:
        return str(read_manifest(folder)["export"])
    except (OSError, ValueError, KeyError):
        return None


def read_manifest(folder: Path) -> dict[str, Any]:
    """What an export says about itself.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON object.
    """
    found: object = json.loads((folder / MANIFEST).read_text())
    if not isinstance(found, dict):
        raise ValueError(f"{folder / MANIFEST} is no JSON object")
    return cast(dict[str, Any], found)


def write_manifest(folder: Path, export: str, **facts: Any) -> None:
    """What an export says about itself: its kind, and facts for its verification."""
    (folder / MANIFEST).write_text(json.dumps({"export": export, **facts}, indent=1) + "\n")
