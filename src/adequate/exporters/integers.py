"""A program as files of integers: what Python alone runs again."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from adequate.exporters.folder import whole_folder, write_manifest
from adequate.exporters.program_file import load_program, save_program
from adequate.exporters.verification import Mismatch, Verification
from adequate.program import Program
from adequate.program.steps import Array

VECTORS = "vectors.npz"


def export_integers(program: Program, folder: Path, *, images: Sequence[Sequence[Array]]) -> None:
    """Writes a program (``save_program``) with images, as integers, and every layer's output for them.

    The folder is whole or absent; equal arguments give equal bytes.

    Raises:
        OSError: it cannot be written.
        ValueError: no image, an integer beyond 64 bits, or the folder holds something else.
    """
    if not images:
        raise ValueError("an export needs at least one image for its vectors")
    arrays: dict[str, object] = {}
    for at, image in enumerate(images):
        values = program.trace(*image)
        arrays |= {f"{at}/input/{place}": _int64(one, "an input") for place, one in enumerate(image)}
        arrays |= {f"{at}/layer/{name}": _int64(values[value], name) for name, value in program.layers.items()}
    with whole_folder(folder) as made:
        save_program(program, made)
        with (made / VECTORS).open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        write_manifest(made, "npz", images=len(images))


def verify_integers(folder: Path) -> Verification:
    """Runs the program of an export in Python integers and compares every layer's output.

    Raises:
        OSError: a file is missing.
        ValueError: a file is damaged.
    """
    program, compared = load_program(folder), 0
    try:
        with np.load(folder / VECTORS, allow_pickle=False) as stored:
            vectors = {name: stored[name] for name in stored.files}
    except (ValueError, BadZipFile) as error:
        raise ValueError(f"{folder / VECTORS} is no whole file of vectors: {error}") from None
    count = len({name.partition("/")[0] for name in vectors})
    for at in range(count):
        given = [vectors[f"{at}/input/{place}"].astype(object) for place in range(len(program.inputs))]
        values = program.trace(*given)
        for name, value in program.layers.items():
            wanted = vectors.get(f"{at}/layer/{name}")
            if wanted is None or wanted.shape != values[value].shape:
                raise ValueError(f"{folder / VECTORS} has no output of layer {name!r} for image {at}")
            differing = np.flatnonzero(wanted != values[value])
            if differing.size:
                first = int(differing[0])
                ends = int(wanted.flat[first]), int(values[value].flat[first])
                return Verification(compared, Mismatch(name, at * wanted.size + first, *ends))
            compared += wanted.size
    return Verification(compared, None)


def _int64(integers: Array, what: str) -> object:
    try:
        return np.asarray(integers, dtype=np.int64)
    except OverflowError:
        raise ValueError(
            f"{what}: its integers have more than 64 bits, which a file of vectors does not hold"
        ) from None
