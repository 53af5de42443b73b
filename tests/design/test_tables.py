"""Multipliers that are tables: the design names them, their bytes lie beside its file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from adequate.circuits import Word
from adequate.design import Design, LayerDesign
from adequate.exploration import Context, Store, Trial
from adequate.operators import Exact, Multiplier, SignMagnitude, Tabulated, tabulate
from adequate.operators.multiplier import UnsignedMultiplier

OR = tabulate("or", lambda a, b: a | b, width_a=3, width_b=4)
AND = tabulate("and", lambda a, b: a & b, width_a=3, width_b=4)
DESIGN = Design(
    {"a": LayerDesign(multiplier=OR), "b": LayerDesign(multiplier=SignMagnitude(AND)), "c": LayerDesign(multiplier=OR)}
)


def table_in(design: Design, layer: str) -> torch.Tensor:
    multiplier = design[layer].multiplier
    assert multiplier is not None
    rows = torch.arange(8)[:, None]
    return torch.as_tensor(multiplier(Word(rows, 3), Word(torch.arange(16)[None], 4)).value)


def test_tables_lie_beside_the_file_and_come_back(tmp_path: Path) -> None:
    DESIGN.save(tmp_path / "one.json")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == sorted(f"{t.sha256}.bin" for t in (OR, AND))
    again = Design.load(tmp_path / "one.json")
    assert again == DESIGN
    assert torch.equal(table_in(again, "a"), OR.table().long())
    assert torch.equal(table_in(again, "b"), AND.table().long())


def test_a_design_is_what_it_names_wherever_the_bytes_are(tmp_path: Path) -> None:
    DESIGN.save(tmp_path / "one.json")
    bare = Tabulated("or", 3, 4, OR.sha256)
    assert DESIGN.with_layers(["a", "c"], multiplier=bare).digest == DESIGN.digest
    other = Tabulated("or", 3, 4, AND.sha256)
    assert DESIGN.with_layers("a", multiplier=other).digest != DESIGN.digest
    assert Design.load(tmp_path / "one.json").digest == DESIGN.digest


def test_the_memory_of_trials_keeps_tables_too(tmp_path: Path) -> None:
    with Store(tmp_path / "trials.db") as store:
        store.put(Context(), Trial(DESIGN, {"accuracy": 0.5}), 1.0)
    with Store(tmp_path / "trials.db") as store:
        (trial,) = store.trials()
    assert trial.design == DESIGN
    assert torch.equal(table_in(trial.design, "b"), AND.table().long())


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (Path.unlink, "the table 'or' should lie beside it as tables/SHA.bin: No such file or directory"),
        (flipped, "the table 'or' beside it as tables/SHA.bin is damaged: or has the SHA-256 "),
        (
            lambda path: path.write_bytes(b"1234"),
            "the table 'or' beside it as tables/SHA.bin is damaged: or has 4 bytes",
        ),
    ],
    ids=["missing", "flipped", "short"],
)
def test_a_missing_or_damaged_table_is_named_in_one_line(
    harm: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.json"
    DESIGN.save(file)
    harm(tmp_path / "tables" / f"{OR.sha256}.bin")
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is checked)
        Design.load(file)
    assert str(caught.value).startswith(
        f"{file}: layer 'a', slot 'multiplier': {message.replace('SHA.bin', f'{OR.sha256}.bin')}"
    )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sha256",
    ["../secret", "/etc/passwd", "..", "", "0" * 63, "A" * 64, "0" * 63 + "/", "0" * 64 + "\n", "0" * 63 + "\0"],
)
def test_a_name_of_a_file_is_a_sha256_and_nothing_else(sha256: str, tmp_path: Path) -> None:
    """What the JSON says leads to no file outside the folder of tables."""
    (tmp_path / "secret.bin").write_bytes(OR.content or b"")
    layer = {"multiplier": f"tabulated('or',3,4,{sha256!r})"}
    (tmp_path / "one.json").write_text(json.dumps({"adequate_design": 1, "layers": {"a": layer}}))
    with pytest.raises(ValueError, match="is 64 hexadecimal digits in lower case, not|is no operator"):
        Design.load(tmp_path / "one.json")


def test_a_label_is_a_text_and_no_path(tmp_path: Path) -> None:
    named = Tabulated("../../'x\"", 3, 4, OR.sha256, content=OR.content)
    design = Design({"a": LayerDesign(multiplier=named)})
    design.save(tmp_path / "inner.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inner.json", "tables"]
    assert Design.load(tmp_path / "inner.json") == design


def test_a_table_without_content_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no content to save"):
        Design({"a": LayerDesign(multiplier=Tabulated("gone", 3, 3, "0" * 64))}).save(tmp_path / "one.json")
    assert not (tmp_path / "one.json").exists()


@dataclass(frozen=True)
class Own(UnsignedMultiplier):
    """A class that no file can name."""

    def __call__(self, a: Word, b: Word) -> Word:
        return a | b


@pytest.mark.parametrize("multiplier", [Own(4, 4), SignMagnitude(Own(4, 4))])
def test_a_class_of_the_users_own_is_not_saved_but_as_a_table(multiplier: Multiplier, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read back from a file; give it as a table"):
        Design({"a": LayerDesign(multiplier=multiplier)}).save(tmp_path / "one.json")


def test_designs_without_tables_make_no_folder(tmp_path: Path) -> None:
    Design({"a": LayerDesign(multiplier=Exact(8, 8))}).save(tmp_path / "one.json")
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]
