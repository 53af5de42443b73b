"""Files that are whole or absent, and tensors in them."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor


def cache_folder() -> Path:
    """Where the user's files lie that can be made or fetched again: ``adequate`` in XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "adequate"


def write_atomically(path: Path, content: bytes | str) -> None:
    """Writes a file so that ``path`` holds either what it held before or all of ``content`` (text as UTF-8).

    The content goes to a temporary file in the same folder, to the disk, and then takes the name in one step.

    Raises:
        OSError: the folder is missing or read-only, the disk is full, ...; it names ``path``, and no temporary file
            is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes a safetensors file, atomically; equal tensors and metadata give equal bytes.

    The library writes its metadata in random order, so the header is written anew with its keys sorted.

    Raises:
        OSError: as ``write_atomically``.
    """
    plain = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    body = safetensors.torch.save(plain)
    end = 8 + int.from_bytes(body[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items()))} | json.loads(body[8:end])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write_atomically(path, len(text).to_bytes(8, "little") + text + body[end:])


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated or corrupt.
    """
    content = path.read_bytes()
    try:
        tensors = safetensors.torch.load(content)
    except (SafetensorError, ValueError) as error:
        reason = "".join(c if c.isprintable() else "?" for c in str(error))  # it quotes the file
        raise ValueError(f"{path} is not a whole safetensors file: {reason}") from error
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return dict(sorted(tensors.items())), header.get("__metadata__", {})
