"""A run's folder: everything a run reads again when it goes on, and everything it leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adequate.profiling import Ranges
from adequate.storage import write_atomically

VERSION = 1

NOTED = ("file",)
"""What an identity notes without being it: where the model's file lies, which its SHA-256 knows by its content."""


@dataclass(frozen=True)
class Run:
    """The folder of one run, made when it does not exist.

    ``run.json`` says what the run is (its identity), which commands made it and what came out. ``design.json``,
    ``weights.safetensors``, ``ranges.json`` and ``report.html`` are its results; ``trials.db`` and ``tuned/`` are what
    a killed run goes on from. ``tables/`` has the truth tables that designs and trials name. Every file is whole or
    absent.
    """

    folder: Path

    @property
    def facts_file(self) -> Path:
        """What the run is and what came out."""
        return self.folder / "run.json"

    @property
    def design_file(self) -> Path:
        """The chosen design."""
        return self.folder / "design.json"

    @property
    def weights_file(self) -> Path:
        """The network's weights; those of a run that condensed are values of their formats."""
        return self.folder / "weights.safetensors"

    @property
    def ranges_file(self) -> Path:
        """Dynamic ranges on the calibration images."""
        return self.folder / "ranges.json"

    @property
    def trials_file(self) -> Path:
        """The trial memory."""
        return self.folder / "trials.db"

    @property
    def report_file(self) -> Path:
        """The report."""
        return self.folder / "report.html"

    @property
    def costs_file(self) -> Path:
        """What the design costs on accelerators, where that was asked for."""
        return self.folder / "costs.html"

    def checkpoint(self, design_digest: str, epochs: int) -> Path:
        """Where the fine-tuning of a design keeps its checkpoints."""
        return self.folder / "tuned" / f"{design_digest[:16]}-{epochs}.safetensors"

    def claim(self, identity: Mapping[str, Any], command: str | None = None) -> None:
        """Makes the folder this run's, or goes on with it.

        Raises:
            ValueError: the folder holds a run of another identity; the message names what differs.
            OSError: the folder cannot be written.
        """
        (self.folder / "tuned").mkdir(parents=True, exist_ok=True)
        known = self.facts()
        before = known.get("identity", {})
        keys = [key for key in (*identity, *before) if key not in NOTED]
        differing = next((key for key in keys if before.get(key) != identity.get(key)), None)
        if known and differing is not None:
            raise ValueError(
                f"{self.folder} holds another run: its {differing} is {before.get(differing)!r}, "
                f"asked for is {identity.get(differing)!r}; choose another folder"
            )
        commands = list(known.get("commands", []))
        if command is not None and command not in commands:
            commands.append(command)
        kept = {name: known[name] for name in ("results", "noted") if name in known}
        self._write({"identity": dict(identity), "commands": commands, "results": None, **kept})

    def note(self, found: Mapping[str, Any]) -> None:
        """Records what is known before the run is finished."""
        self._write({**self.facts(), "noted": dict(found)})

    def conclude(self, results: Mapping[str, Any]) -> None:
        """Records what came out."""
        self._write({**self.facts(), "results": dict(results)})

    def facts(self) -> dict[str, Any]:
        """``identity``, ``commands``, ``results`` (None while the run is not finished) and what was ``noted`` before.

        Empty for a new folder.

        Raises:
            ValueError: ``run.json`` is corrupt or from a newer version.
        """
        if not self.facts_file.exists():
            return {}
        try:
            facts = json.loads(self.facts_file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{self.facts_file} is not the record of a run: {error}") from None
        if not isinstance(facts, dict) or not isinstance(facts.get("identity"), dict):
            raise ValueError(f"{self.facts_file} is not the record of a run: it has no identity")
        version = facts.pop("adequate_run", None)
        if not isinstance(version, int) or version > VERSION:
            raise ValueError(f"{self.facts_file} has version {version!r}; this adequate reads up to {VERSION}")
        return facts

    def ranges(self) -> tuple[Ranges, str]:
        """The dynamic ranges and the context they were measured in.

        Raises:
            OSError: there are none.
            ValueError: the file is corrupt.
        """
        try:
            saved = json.loads(self.ranges_file.read_text(encoding="utf-8"))
            return Ranges.from_json(saved), str(saved["context"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{self.ranges_file} is no whole file of ranges: {error}") from error

    def _write(self, facts: Mapping[str, Any]) -> None:
        text = json.dumps({"adequate_run": VERSION, **facts}, indent=2, ensure_ascii=False)
        write_atomically(self.facts_file, text + "\n")
