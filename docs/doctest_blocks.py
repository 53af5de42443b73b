"""Shows the doctests of a docstring as code: Markdown would take ``>>>`` for a quotation."""

from typing import Any

from griffe import Extension, Object


def fenced(docstring: str) -> str:
    """The docstring with a fence around every run of lines that begins with ``>>>`` and ends before a blank one."""
    lines: list[str] = []
    inside = False
    for line in [*docstring.splitlines(), ""]:
        if not inside and line.lstrip().startswith(">>>"):
            lines.append("```pycon")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line)
    return "\n".join(lines)


class DoctestBlocks(Extension):
    """Fences the doctests of everything mkdocstrings loads."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Called by griffe for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
