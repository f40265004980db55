"""Pages of who holds which office: what an election leaves, and what one person decided alone."""

from __future__ import annotations

from model.pages import Page

Seated = tuple[str, str, str]
"""Office, the person who holds it (hex; empty: it is vacant by a decision), and the election."""


class SeatsPage(Page, frozen=True):
    """Who held which office when an entry was written, as its author knew it.

    Of an election: `seats`: everybody, after it; `office`: the one that it fills; `ousts`: the
    person (hex) who held it and did not agree to lose it. Of a witness (alone.py): `seen` and
    `rules`: the officers and the constitution that one person alone had decided on.
    """

    seats: tuple[Seated, ...] = ()
    office: str = ""
    ousts: str = ""
    seen: tuple[Seated, ...] = ()
    rules: str = ""


class AlonePage(Page, frozen=True):
    """An election or constitution that one person decided alone.

    `about`: the office, or "constitution"; `person` decided it (hex). `seen`: the witnesses who
    knew it (alone.py).
    """

    about: str
    person: str
    seen: tuple[str, ...] = ()
