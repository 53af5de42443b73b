"""One process that reads mutated files, one after the other, and notes how each went.

``python -m tests.fuzzing.worker SEEDS FOLDER DOORS LIMIT FIRST STOP STEP``: seeds from ``save_seeds``, a folder of its
own, the module with ``DOORS``, the bytes it may hold, and the numbers of the cases. ``FOLDER/outcomes.jsonl`` gets a
line when a case begins and one when it ends. Standard output and error must be files: a reader that prints is noticed
by their growth.
"""

import importlib
import json
import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.fuzzing.cases import case
from tests.fuzzing.confinement import Watch, confined, memory
from tests.fuzzing.seeds import Seed, load_seeds
from tests.fuzzing.words import LINK, OUTSIDE

Door = Callable[[Path], object]
DENIED = ("can't allocate memory", "unable to allocate", "bad_alloc", "cannot allocate memory")
"""What libraries say when the address space is at its limit."""


def main(seeds_folder: str, folder: str, doors: str, limit: str, first: str, stop: str, step: str) -> None:
    seeds, here = load_seeds(Path(seeds_folder)), Path(folder)
    known: dict[str, Door] = importlib.import_module(doors).DOORS
    warnings.simplefilter("ignore")
    (here / OUTSIDE).write_bytes(b"\0" * 4096)
    _read_unchanged(seeds, here / "case", known)
    watch = Watch()
    with (here / "outcomes.jsonl").open("a", buffering=1) as notes:
        for number in range(int(first), int(stop), int(step)):
            one = case(seeds, number)
            known_as = {"number": number, "seed": f"{one.name}, {one.door}"}
            print(json.dumps(known_as), file=notes)
            print(json.dumps({**known_as, **_read(one, here, known, watch, int(limit))}), file=notes)


def _read(seed: Seed, here: Path, doors: dict[str, Door], watch: Watch, limit: int) -> dict[str, Any]:
    """How a file was read: ``result`` is "read", "refused", or what went wrong."""
    path = _laid_out(seed, here / "case")
    door = doors[seed.door]
    begun, printed = time.perf_counter(), _printed()
    caught: BaseException | None = None
    with confined(watch, path.parent, limit, sys.stderr):
        try:
            door(path)
        except BaseException as error:
            caught = error
    seconds, peak = time.perf_counter() - begun, memory("VmHWM")
    result = _complaint(caught, seed, path.parent) or ("read" if caught is None else "refused")
    if watch.seen:
        result = f"touched what is not its own: {watch.seen[0]}"
    elif any(isinstance(one, MemoryError) or _denied(one) for one in _chain(caught)):
        result = f"wanted more than {limit:,} bytes"
    elif peak > limit:
        result = f"held {peak:,} bytes"
    elif result in ("read", "refused") and _printed() > printed:
        result = "printed something"
    shown = "" if caught is None else str(caught)[:300]
    trace = [] if caught is None or result == "refused" else traceback.format_exception(caught)[-8:]
    return {"result": result, "message": shown, "trace": trace, "seconds": round(seconds, 3), "peak": peak}


def _printed() -> int:
    """The length of the files that standard output and error go to."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.fstat(1).st_size + os.fstat(2).st_size


def _complaint(caught: BaseException | None, seed: Seed, folder: Path) -> str | None:
    """What is wrong with an error; None if it may be."""
    if caught is None:
        return None
    if not isinstance(caught, ValueError | OSError):
        return f"raised {type(caught).__name__}"
    message = str(caught)
    if not any(str(folder / name) in message for name in seed.files):
        return "the message does not name the file"
    return None if message.isprintable() else "the message is not one line of printable characters"


def _chain(caught: BaseException | None) -> Iterator[BaseException]:
    while caught is not None:
        yield caught
        caught = caught.__cause__ or caught.__context__


def _denied(error: BaseException) -> bool:
    return any(said in str(error).lower() for said in DENIED)


def _laid_out(seed: Seed, folder: Path) -> Path:
    """The files alone in a folder, beside a link that leads out."""
    shutil.rmtree(folder, ignore_errors=True)
    path = seed.write(folder)
    (folder / LINK).symlink_to(f"../{OUTSIDE}")
    return path


def _read_unchanged(seeds: list[Seed], folder: Path, doors: dict[str, Door]) -> None:
    """Every seed is a file that is read, or refused for what it is; libraries load what they load late."""
    for seed in seeds:
        try:
            doors[seed.door](_laid_out(seed, folder))
        except ValueError as error:
            if not seed.refused:
                raise ValueError(f"seed {seed.name!r} is not read: {error}") from error
        else:
            if seed.refused:
                raise ValueError(f"seed {seed.name!r} is read")


if __name__ == "__main__":
    main(*sys.argv[1:])
