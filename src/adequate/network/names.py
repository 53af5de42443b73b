"""Names of parameters that torch can write down in the code of a traced model."""

import re
from collections.abc import Iterable
from keyword import iskeyword

UNWRITABLE = re.compile(r'["\\\n\r\0]')
"""torch.fx writes names between double quotes, as they are."""


def insist_on_writable(names: Iterable[str]) -> None:
    """Refuses names of parameters and buffers that would break the code that ``torch.fx`` writes.

    Raises:
        ValueError: a part of a name has a double quote, a backslash or a line end in it, or is a word of Python's.
    """
    for name in names:
        if UNWRITABLE.search(name) or any(map(iskeyword, name.split("."))):
            raise ValueError(
                f"torch cannot write {name!r} down in code; rename it without double quotes, backslashes, line ends "
                "and Python's keywords"
            )
