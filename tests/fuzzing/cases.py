"""From a number to a mutated file: the same number and seeds give the same bytes, everywhere."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath
from random import Random

from tests.fuzzing.on_archives import mutate_archive, mutate_safetensors
from tests.fuzzing.on_bytes import mutate_bytes
from tests.fuzzing.on_json import mutate_json
from tests.fuzzing.on_protobuf import mutate_protobuf
from tests.fuzzing.on_text import mutate_text
from tests.fuzzing.seeds import Seed

COSTLY = ("pt2", "whole pt2", "whole onnx", "whole prototxt")
"""Doors behind which a file takes a tenth of a second and more."""
TIMES = 4
"""As many cases go to every other one."""

Mutation = Callable[[bytes, bytes, Random], bytes]


def case(seeds: Sequence[Seed], number: int) -> Seed:
    """One file of a seed with one to three changes, most of which keep what the file is made of."""
    chance = Random(f"case {number}")
    turns = [seed for seed in seeds for _ in range(1 if seed.door in COSTLY else TIMES)]
    seed = turns[number % len(turns)]
    name = chance.choice(list(seed.files)) if chance.random() < 0.5 else seed.main
    suffix = PurePath(name).suffix
    others = [content for one in seeds for file, content in one.files.items() if PurePath(file).suffix == suffix]
    content = seed.files[name]
    left = chance.choice((1, 1, 1, 2, 3))
    while left > 0 or content == seed.files[name]:  # some changes put back what was there
        left -= 1
        mutation = STRUCTURED.get(suffix, mutate_bytes) if chance.random() < 0.75 else mutate_bytes
        content = mutation(content, chance.choice(others), chance)
    return replace(seed, files={**seed.files, name: content})


def _mutate_utf8(content: bytes, other: bytes, chance: Random) -> bytes:
    return mutate_text(content.decode(errors="replace"), other.decode(errors="replace"), chance).encode()


STRUCTURED: dict[str, Mutation] = {
    ".onnx": mutate_protobuf,
    ".caffemodel": mutate_protobuf,
    ".binaryproto": mutate_protobuf,
    ".prototxt": _mutate_utf8,
    ".json": mutate_json,
    ".pt2": mutate_archive,
    ".pt": mutate_archive,
    ".safetensors": mutate_safetensors,
}
"""Mutations that know a kind of file, by the end of its name."""
