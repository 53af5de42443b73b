"""From a .pt2 file to its exported program."""

from pathlib import Path

from adequate.network.pt2.archive import open_archive
from adequate.network.pt2.program import Read, program_of
from adequate.network.pt2.tensors import tensors

SCHEMA = 8
"""Major version of the schema that is read (torch 2.13 writes 8.20, ``_export/serde/schema.py``)."""


def read_pt2(path: Path) -> Read:
    """The program ``torch.export.save`` left in a file, and zeros of the shapes of its inputs.

    Nothing of the file is executed, unpickled or looked up by name beyond a list of tensor functions: the archive's
    members are uncompressed and lie within it; tensors are raw bytes; of the program only nodes, arguments, names and
    the inputs' shapes are read, with types, and the graph is built anew, its shapes computed. Sample inputs, guards,
    symbolic expressions, stack traces and whatever else the format holds are not looked at. Programs of
    ``torch.export.load``'s older formats, custom operators and objects, and control flow are refused. A batch that was
    fixed at the export is made free, unless the shape of something depends on it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such archive, truncated, corrupt, or holds what is refused.
    """
    with open_archive(path) as archive:
        models = [name for name in archive.sizes if name.startswith("models/") and name.endswith(".json")]
        if len(models) != 1:
            raise ValueError(
                f"{path} holds {len(models)} programs; one is read, saved by torch.export.save (torch 2.13)"
            )
        document = archive.document(models[0])
        version = document["schema_version"]["major"].integer()
        if version != SCHEMA:
            raise ValueError(f"{path} has schema version {version}; read is {SCHEMA}")
        name = models[0].removeprefix("models/").removesuffix(".json")
        held = tensors(archive, "weights", name) | tensors(archive, "constants", name)
    return program_of(document["graph_module"], held)
