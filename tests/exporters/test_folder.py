"""A folder that is whole or absent."""

from pathlib import Path

import pytest

from adequate.exporters.folder import whole_folder, write_manifest


def export(folder: Path, text: str) -> None:
    with whole_folder(folder) as new:
        write_manifest(new, "text")
        (new / "text").write_text(text)


def test_the_export_before_stays_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, rename = tmp_path / "out", Path.rename
    export(folder, "first")

    def refused(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            raise OSError("no such luck")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="no such luck"):
        export(folder, "second")
    assert (folder / "text").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_an_error_leaves_the_export_before(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export(folder, "first")
    with pytest.raises(KeyError), whole_folder(folder) as new:
        (new / "text").write_text("second")
        raise KeyError
    assert (folder / "text").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]
