"""All targets, by their names.

Rule: whatever reads bytes or text of a stranger is in here; a new parser comes with its target.
"""

from collections.abc import Sequence
from typing import Final

from simulations.fuzzing import (
    those_of_api,
    those_of_files,
    those_of_links,
    those_of_relays,
    those_of_seals,
    those_of_sync,
    those_of_texts,
)
from simulations.fuzzing.target import Target

TARGETS: Final[Sequence[Target]] = (
    *those_of_links.TARGETS,
    *those_of_sync.TARGETS,
    *those_of_seals.TARGETS,
    *those_of_relays.TARGETS,
    *those_of_files.TARGETS,
    *those_of_texts.TARGETS,
    *those_of_api.TARGETS,
)


def chosen(names: Sequence[str], among: Sequence[Target] = TARGETS) -> list[Target]:
    """The targets of these names or beginnings of names; all for none. KeyError for an unknown."""
    if not names:
        return list(among)
    found = [target for target in among if any(target.name.startswith(name) for name in names)]
    missing = [name for name in names if not any(one.name.startswith(name) for one in found)]
    if missing:
        raise KeyError(missing[0])
    return found
