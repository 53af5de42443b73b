"""Mutations inside archives whose checksums and lengths are made to fit again: zip archives and safetensors."""

import io
import zipfile
import zlib
from random import Random

from tests.fuzzing.on_bytes import mutate_bytes
from tests.fuzzing.on_json import mutate_json


def mutate_archive(content: bytes, other: bytes, chance: Random) -> bytes:
    """One member of a zip archive changed, left out, doubled or renamed."""
    members = _members(content)
    if not members:
        return mutate_bytes(content, other, chance)
    documents = [name for name in members if name.endswith(".json")]
    name = chance.choice(documents if documents and chance.random() < 0.7 else list(members))
    kind = chance.random()
    if kind < 0.85:
        change = mutate_json if name.endswith(".json") else mutate_bytes
        members[name] = change(members[name], chance.choice(list(members.values())), chance)
    elif kind < 0.9:
        del members[name]
    elif kind < 0.95:
        members[chance.choice((*members, "../x", "/x", "a\nb"))] = members[name]
    else:
        members[chance.choice((*members, "../x", "/x", "a\nb"))] = members.pop(name)
    how = chance.choice((zipfile.ZIP_STORED,) * 9 + (zipfile.ZIP_DEFLATED,))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", how) as archive:
        for one, inside in members.items():
            archive.writestr(zipfile.ZipInfo(one), inside, how)
    return written.getvalue()


def mutate_safetensors(content: bytes, other: bytes, chance: Random) -> bytes:
    """The header of a safetensors file changed, its length made to fit."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = mutate_json(content[8:end], other, chance)
    return len(header).to_bytes(8, "little") + header + content[end:]


def _members(content: bytes) -> dict[str, bytes]:
    """The members that can be read, in order."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {one.filename: archive.read(one) for one in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError, OverflowError):
        return {}
