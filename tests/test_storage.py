"""Files are whole or absent; equal tensors give equal bytes; what was saved is loaded."""

import errno
import itertools
import os
import random
import signal
import tempfile
import time
import warnings
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from adequate.storage import load_tensors, save_tensors, write_atomically

TENSORS = {
    "fc.weight": torch.arange(6.0).reshape(2, 3).T,
    "scalar": torch.tensor(3, dtype=torch.int64),
    "empty": torch.empty(0, 4),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "bytes": torch.tensor([0, 255], dtype=torch.uint8),
}
METADATA = {"format": "fixed(8,4)", "note": 'ünïcode "quoted"', "epoch": "3", "z": "", "a": "1"}


@pytest.mark.parametrize("content", [b"\x00\xff", "größer\n", b"", "x" * 1_000_000])
def test_written_content_is_read_back(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_names_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "design.json"
    path.write_text("before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*design\.json'$") as caught:
        write_atomically(path, "after")
    assert caught.value.errno == errno.ENOSPC
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_names_the_path_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "design.json"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(path, "x")
    assert caught.value.filename == str(path)


def test_a_folder_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(OSError, match="taken"):
        write_atomically(path, "x")
    assert list(tmp_path.iterdir()) == [path]


def test_a_read_only_folder_names_the_path() -> None:
    """In a child that is nobody in particular, since root may write anywhere."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside torch's threads, which the child never uses
        path = Path(folder) / "design.json"
        Path(folder).chmod(0o555)
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setuid(65534)
            try:
                write_atomically(path, "x")
            except PermissionError as error:
                os._exit(0 if error.filename == str(path) else 2)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def write_until_killed(path: Path) -> None:
    """What a child process does: the same file again and again, each time of another byte."""
    try:
        for i in itertools.count():
            write_atomically(path, bytes([i % 256]) * 1_000_000)
    finally:
        os._exit(1)


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    delays = random.Random(0)
    for _ in range(5):
        path.unlink(missing_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside torch's threads, which it never uses
            child = os.fork()
        if child == 0:
            write_until_killed(path)
        while not path.exists():
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
            time.sleep(0.005)
        time.sleep(delays.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        content = path.read_bytes()
        assert content == content[:1] * 1_000_000


def test_saved_tensors_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS, METADATA)
    tensors, metadata = load_tensors(path)
    assert metadata == METADATA
    assert list(tensors) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


def test_the_library_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS, METADATA)
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == METADATA
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in TENSORS.items())


def test_equal_content_gives_equal_bytes_in_any_order(tmp_path: Path) -> None:
    save_tensors(tmp_path / "a", TENSORS, METADATA)
    save_tensors(tmp_path / "b", dict(reversed(TENSORS.items())), dict(reversed(METADATA.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_tensors_that_share_memory_and_need_gradients_are_saved(tmp_path: Path) -> None:
    tied = torch.ones(3, requires_grad=True)
    save_tensors(tmp_path / "a", {"x": tied, "y": tied}, {})
    tensors, metadata = load_tensors(tmp_path / "a")
    assert torch.equal(tensors["x"], tensors["y"])
    assert metadata == {}


@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_file_gives_one_line_with_the_path(tmp_path: Path, twentieth: int) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS, METADATA)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * twentieth // 20])
    with pytest.raises(ValueError, match=r"weights\.safetensors is not a whole safetensors file") as caught:
        load_tensors(path)
    assert "\n" not in str(caught.value)


def test_a_changed_header_is_refused_or_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, TENSORS, METADATA)
    content = path.read_bytes()
    changes = random.Random(0)
    refused = 0
    for _ in range(300):
        changed = bytearray(content)
        changed[changes.randrange(len(content) // 2)] = changes.randrange(256)
        path.write_bytes(changed)
        try:
            load_tensors(path)
        except ValueError:
            refused += 1
    assert refused > 100


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        load_tensors(tmp_path / "absent")
