"""How a program's inputs and outputs are packed: tuples, lists and dictionaries, nothing that has a class."""

from typing import Any

from torch.utils import _pytree as pytree

from adequate.network.pt2.fields import Field

DICTIONARIES = ("builtins.dict", "collections.OrderedDict")
DEEPEST = 50
"""Containers within containers."""

LEAF = 0


def structure(field: Field) -> pytree.TreeSpec:
    """The containers of ``[1, {"type", "context", "children_spec"}]``, a JSON document within a string.

    Lists, tuples and dictionaries with names for keys are themselves; every other type is a tuple of what it holds.

    Raises:
        ValueError: it is no such document, or too deep.
    """
    document = Field.parse(field.where, field.text().encode())
    version, *trees = document.elements()
    if version.integer() != 1 or len(trees) != 1:
        raise field.error(f"is of version {version.value}; read is 1")
    return pytree.tree_structure(_unpacked(trees[0], 0))


def _unpacked(tree: Field, depth: int) -> Any:
    if depth > DEEPEST:
        raise tree.error(f"is more than {DEEPEST} containers deep")
    children = [_unpacked(one, depth + 1) for one in tree["children_spec"].elements()]
    if tree["type"].value is None:
        return LEAF
    kind = tree["type"].text()
    if kind == "builtins.list":
        return children
    if kind not in DICTIONARIES:
        return tuple(children)
    keys = [one.text() for one in Field.parse(tree.where, tree["context"].text().encode()).elements()]
    if len(keys) != len(children) or not all(key.isidentifier() for key in keys):
        raise tree.error(f"has keys {keys} for {len(children)} values")
    return dict(zip(keys, children, strict=True))
