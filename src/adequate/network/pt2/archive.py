"""The members of a .pt2 file: a zip archive of bytes as they are, read one by one into memory."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from adequate.network.pt2.fields import Field

LARGEST_DOCUMENT = 1 << 26
"""Bytes of a JSON member; its values take some twenty times as much memory (assumed; ResNet-50 has 0.7 MB)."""

MOST_MEMBERS = 100_000
"""One per weight; assumed."""

BROKEN = (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OverflowError)
"""What the zip library raises on corrupt archives."""


@dataclass(frozen=True)
class Archive:
    """An open archive: the sizes of its members, by their names under its one root folder."""

    path: Path
    sizes: dict[str, int]
    root: str
    file: ZipFile

    def read(self, name: str) -> bytes:
        """The bytes of a member.

        Raises:
            ValueError: there is none of this name, or its checksum is wrong.
        """
        if name not in self.sizes:
            raise ValueError(f"{self.path} has no {name!r}: torch.export.save of torch 2.13 writes it")
        try:
            return self.file.read(f"{self.root}/{name}")
        except (*BROKEN, OSError) as error:  # of the system: a place before the file's begin
            raise ValueError(f"{self.path}: {name!r} is corrupt: {error}") from None

    def document(self, name: str) -> Field:
        """A member that is JSON.

        Raises:
            ValueError: as ``read``; it is no JSON, or longer than ``LARGEST_DOCUMENT``.
        """
        if self.sizes.get(name, 0) > LARGEST_DOCUMENT:
            raise ValueError(f"{self.path}: {name!r} has more than {LARGEST_DOCUMENT:,} bytes")
        return Field.parse(f"{self.path}: {name}", self.read(name))


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The archive, its table of contents read and checked: all members together fit into the file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no zip archive of uncompressed members under one folder.
    """
    try:
        file = ZipFile(path)
    except BROKEN as error:
        raise ValueError(f"{path} is no .pt2 archive, or truncated: {error}") from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise ValueError(f"{path} is no .pt2 archive: {error}") from None
    with file:
        members = file.infolist()
        root = members[0].filename.partition("/")[0] if members else ""
        _check(path, members, root)
        yield Archive(path, {one.filename.removeprefix(f"{root}/"): one.file_size for one in members}, root, file)


def _check(path: Path, members: list[ZipInfo], root: str) -> None:
    names = {one.filename for one in members}
    if not root or len(members) > MOST_MEMBERS or len(names) < len(members):
        raise ValueError(f"{path} is no .pt2 archive: it has {len(members)} members, {len(names)} names")
    for one in members:
        if one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 or one.file_size != one.compress_size:
            raise ValueError(f"{path}: {one.filename!r} is compressed or encrypted; torch.export.save stores it")
        if not one.filename.startswith(f"{root}/"):
            raise ValueError(f"{path}: {one.filename!r} does not lie in the folder {root!r} of the archive")
    if sum(one.file_size for one in members) > path.stat().st_size:
        raise ValueError(f"{path}: its members overlap, or the file is truncated")
