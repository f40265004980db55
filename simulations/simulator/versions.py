"""Phones with another Mkutano on them: an older one, which knows fewer kinds of entries.

The product's tables are changed for as long as such a phone works, and put back when another one
does. What rises with each version (`REDUCER_VERSION`) is lower there, as it was.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

from model import codec
from model.reducer import REDUCER_VERSION
from node import commands, node, portfolio_figures, seal_check, store, summaries

ALWAYS: Final = frozenset(
    {
        "group.described",
        "constitution.adopted",
        "member.added",
        "officer.elected",
        "cycle.opened",
        "meeting.opened",
    }
)
"""Kinds that every Mkutano knew that could found a group."""
_ASK: Final = (commands, node, portfolio_figures, seal_check, store, summaries)
"""Modules that hold the version of the rules."""

KINDS_LATER: Final = tuple(sorted({kind for kind, _ in codec._FORMS} - ALWAYS))
"""Kinds that an older Mkutano may lack."""


class Older:
    """A Mkutano without some kinds."""

    def __init__(self, lacks: Sequence[str]) -> None:
        self.lacks = tuple(lacks)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Whatever is worked out inside, this Mkutano works out."""
        forms = codec._FORMS
        lacked = {key: form for key, form in forms.items() if key[0] in self.lacks}
        for key in lacked:
            del forms[key]
        for module in _ASK:
            vars(module)["REDUCER_VERSION"] = REDUCER_VERSION - 1
        try:
            yield
        finally:
            forms.update(lacked)
            for module in _ASK:
                vars(module)["REDUCER_VERSION"] = REDUCER_VERSION
