"""Names from networks, as identifiers and as text in comments: nothing in them is ever code."""

import re
from collections.abc import Iterable

LONGEST = 48
"""The most characters that an identifier keeps of a name: assumed short enough for every tool."""


def identifiers(names: Iterable[str], kind: str) -> dict[str, str]:
    """A different identifier for each name, in C++ as in Verilog, also where case is ignored.

    They begin with ``kind`` and an underscore, so that none is a reserved word; ``kind`` is one lower-case word.

    >>> identifiers(["layer1.0.conv", "layer1_0_Conv", "int; }"], "value")
    {'layer1.0.conv': 'value_layer1_0_conv', 'layer1_0_Conv': 'value_layer1_0_Conv_2', 'int; }': 'value_int'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", name)[:LONGEST].strip("_")
        stem = one = f"{kind}_{plain}" if plain else kind
        number = 1
        while one.lower() in taken:
            number += 1
            one = f"{stem}_{number}"
        taken.add(one.lower())
        found[name] = one
    return found


def plain_text(name: object) -> str:
    """A name for a comment or a table: letters, digits and harmless signs, all others a question mark.

    >>> plain_text("conv1 */ evil()\\n|`<b>")
    'conv1 ?/ evil()????b?'
    """
    return re.sub(r"[^A-Za-z0-9 _.,:;()=+/#-]", "?", str(name))
