"""What was found, kept for ever: one file an input, named by its target and its hash.

Rule: files are only added. Each is fed to its target in every run, whatever its fault was.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from simulations.fuzzing.target import Finding

FOLDER: Final = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "fuzz"
_NAME_LETTERS: Final = 12


def keep(folder: Path, finding: Finding) -> Path:
    """Write an input down; the file."""
    name = sha256(finding.data).hexdigest()[:_NAME_LETTERS]
    path = folder / finding.target / f"{name}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(finding.data)
    return path


def kept(folder: Path, target: str) -> Iterator[bytes]:
    """The inputs of one target that were kept, in the order of their names."""
    for path in sorted((folder / target).glob("*.bin")):
        yield path.read_bytes()
