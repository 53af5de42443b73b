"""Tensor data kept beside an ONNX file, read from below its folder and from nowhere else."""

from pathlib import Path, PurePosixPath, PureWindowsPath


def read_external(folder: Path, fields: dict[str, str], size: int) -> bytes:
    """The ``size`` bytes that a tensor's ``external_data`` fields point at.

    Raises:
        OSError: the file cannot be read.
        ValueError: the location leads out of the folder, or offset and length do not fit the tensor or the file.
    """
    location = fields.get("location", "")
    target = _inside(folder, location)
    offset, length = _count(fields, "offset", 0), _count(fields, "length", size)
    if length != size:
        raise ValueError(f"external data {location!r} has length {length} for a tensor of {size} bytes")
    held = target.stat().st_size
    if offset + size > held:
        raise ValueError(f"external data {location!r} ends at byte {held}, the tensor at {offset + size}")
    with target.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def _inside(folder: Path, location: str) -> Path:
    """The regular file at ``location``; links are followed first, so that none leads out."""
    parts = PurePosixPath(location)
    strange = parts.is_absolute() or ".." in parts.parts or PureWindowsPath(location).anchor or "\0" in location
    if not location or strange:
        raise ValueError(f"external data {location!r} is not a path below the model's folder")
    root = folder.resolve()
    target = (root / parts).resolve()
    if not target.is_relative_to(root):
        raise ValueError(f"external data {location!r} leads out of the model's folder")
    if not target.is_file():
        raise ValueError(f"external data {location!r} is not a file in the model's folder")
    return target


def _count(fields: dict[str, str], key: str, default: int) -> int:
    text = fields.get(key, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(f"external data has {key} {text[:40]!r}, not a number of bytes")
    return int(text)
