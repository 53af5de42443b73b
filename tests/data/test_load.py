"""Where data sets are looked for, and what is said when they are not there."""

from pathlib import Path

import pytest

from adequate.data.cifar10 import RECORD, TEST_FILE, TRAIN_FILES
from adequate.data.load import load


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data set of this machine is in reach."""
    monkeypatch.delenv("ADEQUATE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write_cifar10(folder: Path, records: int) -> None:
    folder.mkdir(parents=True)
    for name in (*TRAIN_FILES, TEST_FILE):
        (folder / name).write_bytes(bytes(RECORD) * records)


def test_places_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, environment = tmp_path / "given", tmp_path / "environment"
    write_cifar10(tmp_path / "cache" / "adequate" / "cifar10", 2)
    assert len(load("cifar10").test) == 2
    monkeypatch.setenv("ADEQUATE_DATA", str(environment))
    assert len(load("cifar10").test) == 2
    write_cifar10(environment / "cifar10", 3)
    assert len(load("cifar10").test) == 3
    write_cifar10(given / "cifar10", 4)
    assert len(load("cifar10", given).test) == 4
    assert len(load("cifar10", given / "cifar10").test) == 4
    assert len(load("cifar10", str(given)).test) == 4


def test_a_given_folder_is_the_only_place(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cache" / "adequate" / "cifar10", 2)
    with pytest.raises(FileNotFoundError, match="data set 'cifar10' not found in"):
        load("cifar10", tmp_path / "given")


@pytest.mark.parametrize("folder", ["fashion-mnist", "fashion_mnist"])
def test_either_spelling(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "train-images-idx3-ubyte").touch()
    with pytest.raises(ValueError, match="not an IDX file"):
        load("fashion-mnist", tmp_path)


def test_every_place_and_the_files_expected_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEQUATE_DATA", str(tmp_path / "environment"))
    with pytest.raises(FileNotFoundError) as caught:
        load("fashion-mnist")
    message = str(caught.value)
    for place in ("environment/fashion-mnist", "environment/fashion_mnist", "cache/adequate/fashion_mnist"):
        assert str(tmp_path / place) in message
    assert "train-images-idx3-ubyte" in message
    assert "\n" not in message


def test_cifar10_names_its_standard_files_and_the_way_out_of_packed_ones(tmp_path: Path) -> None:
    (tmp_path / "cifar10").mkdir()
    with pytest.raises(FileNotFoundError, match=r"data_batch_1\.bin to data_batch_5\.bin and test_batch\.bin$"):
        load("cifar10", tmp_path)
    (tmp_path / "cifar10" / "data_batch_1.u8delta.xz").touch()
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path}/unpack_cifar10\.py FOLDER unpacks"):
        load("cifar10", tmp_path)


def test_the_imagenet_sample_names_its_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected there: images\.tar and index\.csv$"):
        load("imagenet-sample", tmp_path)


def test_digits_need_no_files() -> None:
    assert load("digits").name == "digits"


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no data set 'imagenet'.*mnist, fashion-mnist, cifar10, imagenet-sample, digits"
    ):
        load("imagenet")
