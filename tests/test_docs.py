"""The code and the commands that README and docs show, executed; what they print, compared where it is shown.

A page is one story: its blocks run in order, in one namespace and one empty working directory. A block with a title is
a file, which is written. In a console block every line that begins with ``$ adequate`` runs; lines below it are what it
prints (``...`` stands for anything). ``<!-- slow -->`` before a block leaves it to the slow suite, where
the page's files are written, too.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adequate.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?P<slow><!-- slow -->\n+)?```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$", re.M | re.S
)
OUTSIDE_DATA = re.compile(r"\$ADEQUATE_DATA|--data (?:mnist|fashion-mnist|cifar10)\b")
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    body: str
    title: str | None
    slow: bool
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(m["kind"], m["body"], m["title"], m["slow"] is not None, text.count("\n", 0, m.start("kind")) + 1)
        for m in FENCE.finditer(text)
    ]


def commands(block: Block) -> list[tuple[str, str]]:
    """(command, what it prints) of a console block."""
    pieces = re.split(r"^\$ ", block.body.replace("\\\n", ""), flags=re.M)[1:]
    return [(command.strip(), printed) for command, _, printed in (piece.partition("\n") for piece in pieces)]


def adequate(command: str) -> tuple[object, str]:
    """The exit code and the output of one ``adequate`` command, run in this process."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit) as ended:
        main(shlex.split(os.path.expandvars(command))[1:])
    return ended.value.code, output.getvalue()


def told_otherwise(page: Path, story: list[Block], request: pytest.FixtureRequest) -> list[str]:
    """Runs the blocks of one page in the working directory; its commands that fail or print what is not shown."""
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    found: list[str] = []
    for block in story:
        if block.title is not None:
            Path(block.title).write_text(block.body, encoding="utf-8")
        elif block.kind == "python":
            exec(compile("\n" * block.line + block.body, str(page), "exec"), namespace)
        elif block.kind == "console":
            for command, printed in commands(block):
                if command.startswith("adequate "):
                    if OUTSIDE_DATA.search(command):
                        if not os.environ.get("ADEQUATE_DATA") and not os.environ.get("CI"):
                            continue
                        request.getfixturevalue("data_root")
                    code, output = adequate(command)
                    said = not printed.strip() or doctest.OutputChecker().check_output(printed, output, SAME)
                    if code != 0 or not said:
                        found.append(f"{command}: exit code {code}\n{output}")
    return found


def name(page: Path) -> str:
    """A page as the tests' names show it."""
    return str(page.relative_to(ROOT))


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A page's files land in a folder of its own, and its modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)
    yield
    for module in set(sys.modules) - known:
        if (getattr(sys.modules[module], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[module]


RUNS = [page for page in PAGES if any(block.kind in ("python", "console") and not block.slow for block in blocks(page))]
RUNS_LONG = [page for page in PAGES if any(block.slow for block in blocks(page))]


@pytest.mark.parametrize("page", RUNS, ids=name)
def test_page_runs(page: Path, request: pytest.FixtureRequest) -> None:
    assert told_otherwise(page, [block for block in blocks(page) if not block.slow], request) == []


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNS_LONG, ids=name)
def test_long_blocks_run(page: Path, request: pytest.FixtureRequest) -> None:
    chosen = [block for block in blocks(page) if block.slow or block.title is not None]
    assert told_otherwise(page, chosen, request) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:`|^\$ )make ([a-z]+)", page.read_text(), re.M))
    assert named <= targets


def test_papers_name_files_that_exist() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|/))`", (ROOT / "docs" / "papers.md").read_text())
    assert len(named) > 20
    assert [file for file in named if not (ROOT / file).exists() and not (ROOT / "src/adequate" / file).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_linked_files_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
