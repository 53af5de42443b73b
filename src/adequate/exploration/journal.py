"""How a file of trials is made safe against crashes and neighbours, by where it lies."""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""Linux's table of mounts (proc_pid_mountinfo(5)); elsewhere every folder counts as local."""

SHARED = frozenset(
    ["9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gpfs", "lustre", "nfs", "nfs4", "smb3"]
)
"""Kinds of file systems that several computers see."""


def journal_mode(path: Path) -> str:
    """SQLite's mode for a file: ``wal``, and ``delete`` on a file system that other computers see.

    With a write-ahead log readers do not wait for the writer; it needs memory that all processes share, so one
    computer (https://sqlite.org/wal.html, section 1). With a rollback journal they wait, and locks are the file
    system's. In either mode one process writes at a time and a trial is there whole or not at all.
    """
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return "wal"
    return "delete" if _kind(path.resolve(), mounts) in SHARED else "wal"


def _kind(path: Path, mounts: str) -> str:
    """The kind of the file system that ``path`` lies on: of its nearest mount the latest."""
    found: dict[Path, str] = {}
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place.split(" ")[4])
        found[Path(point)] = rest.split(" ")[0]
    return next((found[folder] for folder in (path, *path.parents) if folder in found), "")
