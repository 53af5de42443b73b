"""Names of nodes made fit to be paths of modules, and so names of layers."""

import keyword
import re
from collections.abc import Iterable, Sequence

from torch import nn

FORBIDDEN = re.compile(r"[^\w/:.\-#+@$~ ]")
"""Torch writes a module's path into generated code, in quotes: nothing that could end them may stay."""

TAKEN = frozenset(dir(nn.Module())) | {"_parameters", "_buffers", "_modules", "weight", "bias"}
"""Attributes a submodule must not hide."""


def layer_names(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """One unique module path per node, from pairs of its name in the file and its operator.

    A node without a name is ``<operator>#n``, counted per operator. A second node of a name gets ``#2`` appended.
    ``.`` nests, except within another node, where ``_`` takes its place.
    """
    given = [_path(name) for name, _ in wanted]
    counts: dict[str, int] = {}
    names: list[str] = []
    taken: dict[str, int] = {}
    prefixes = set(given)
    for path, (_, operator) in zip(given, wanted, strict=True):
        if not path:
            counts[operator] = counts.get(operator, 0) + 1
            path = _path(f"{operator}#{counts[operator]}") or "node"
        if any(parent in prefixes for parent in _parents(path)):
            path = path.replace(".", "_")
        name = _unused(path, taken)
        for path in (name, *_parents(name)):
            taken.setdefault(path, 1)
        names.append(name)
    return names


def _path(name: str) -> str:
    cleaned = FORBIDDEN.sub("_", name[:200])
    return ".".join(_part(part) for part in cleaned.split(".") if part)


def _part(part: str) -> str:
    hidden = part in TAKEN or keyword.iskeyword(part) or part.startswith("_onnx")
    return f"{part}_" if hidden else part


def _parents(path: str) -> Iterable[str]:
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def _unused(path: str, taken: dict[str, int]) -> str:
    """The path, or with a number behind it; ``taken`` has the last one of each."""
    name = path
    while name in taken:
        taken[path] += 1
        name = f"{path}#{taken[path]}"
    return name
