"""One static HTML file from a template: all it needs is in it."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from adequate.storage import write_atomically


def write_page(template: str, path: str | Path, **content: Any) -> None:
    """Writes a page, whole or not at all; every value of ``content`` is escaped unless it is markup.

    Raises:
        OSError: the file cannot be written; what was there before stays.
    """
    environment = Environment(
        loader=PackageLoader("adequate.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(template).render(
        plotly=Markup(get_plotlyjs()), version=version("adequate"), **content
    )
    write_atomically(Path(path), html)
