"""What is about to be recorded: tried on the book first, and signed only if the rules allow it.

A plan holds events that may refer to one another before any of them has an id. `trial` lets the
reducer itself judge them on the group's book and takes every step back, so that a refusal here
and a finding there can never disagree. `record` signs them as few changes, stored together.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from model.book import Book, Undo
from model.codec import encode
from model.entry import Entry
from model.events import EVENTS, Event
from model.findings import Finding, list_findings
from model.identifiers import ENTRY_ID_BYTES
from model.reducer import apply, undo
from node.errors import CommandRefused
from node.node import Group, Node, Step
from node.ranges import fault
from node.refusals import no_effect, without_draft_receipts
from replication.limits import CHANGE_BYTES_MAX, CHANGE_EVENTS_MAX
from replication.wire import PersonKey

_REFERENCES: Final = {row[3]: row[4] for row in EVENTS}
NOTABLE_MAX: Final = 100
"""Troubles that are told of one plan: more than a person reads, and each costs time to word."""

_DRAFT: Final = b"\xff" * 12
"""First bytes of the ids that drafts have among themselves; no hash is taken for it."""


class _Everything:
    """The past of an entry that is about to be written: all that is here."""

    def __contains__(self, entry_id: object, /) -> bool:
        return True


class Planned(NamedTuple):
    """One event to record, and the line of the sheet that it comes from (0: no sheet)."""

    draft_id: bytes
    event: Event
    line: int


class Trouble(NamedTuple):
    """Why something planned should not be recorded as it is."""

    line: int
    code: str
    sentence: str
    final: bool
    """True: it would have no effect. False: it can be recorded if it really happened."""


class Plan:
    """Events on their way into one group's books."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.events: list[Planned] = []
        self.keys: list[PersonKey] = []
        self._notable = 0
        self._lines: dict[str, int] = {}
        """Hex id of each draft, and its line of the sheet."""

    def add(self, event: Event, line: int = 0) -> bytes:
        """Plan an event; returns an id by which later ones may refer to it."""
        number = len(self.events).to_bytes(ENTRY_ID_BYTES - len(_DRAFT), "big")
        planned = Planned(_DRAFT + number, event, line)
        self.events.append(planned)
        self._lines[planned.draft_id.hex()] = line
        return planned.draft_id

    def trial(self) -> list[Trouble]:
        """What the rules say to these events, in their order; the book is as before.

        Everything that is final, and the first `NOTABLE_MAX` of the rest.
        """
        self._notable = 0
        book = self.group.book
        device = self.group.device
        person = self.group.roster.person_of(device)
        lamport = self.group.books.newest[0]
        steps: list[Undo] = []
        troubles: list[Trouble] = []
        try:
            for planned in self.events:
                self._require_range(planned)
                lamport += 1
                entry = Entry(
                    planned.draft_id, lamport, device, person, 0, planned.event, _Everything()
                )
                steps.append(apply(book, entry))
                troubles += self._troubles(planned, steps[-1])
        finally:
            undo(book, book.take_undo())  # of a step that was cut short
            for step in reversed(steps):
                undo(book, step)
        return troubles

    def require(self, anyway: bool = False) -> None:
        """Raise CommandRefused for the first trouble; `anyway` lets pass what did happen."""
        for trouble in self.trial():
            if trouble.final:
                raise CommandRefused(f"{trouble.sentence} Nothing was recorded.", trouble.code)
            if not anyway:
                raise CommandRefused(
                    f"{trouble.sentence} Nothing was recorded. If it really happened so, "
                    "record it again with --anyway.",
                    trouble.code,
                )

    def record(self, node: Node, now_ms: int) -> Step:
        """Sign and store all of it in one transaction. Raises CommandRefused, StoreFailed."""
        batch = node.batch(self.group.id, now_ms)
        ids: dict[bytes, bytes] = {}
        keys = self.keys
        for part in in_parts(self.events):
            places = {planned.draft_id: bytes((at,)) for at, planned in enumerate(part)}
            events = [_with_names(planned.event, {**ids, **places}) for planned in part]
            receipts = batch.append(events, keys)
            ids.update(zip(places, receipts, strict=True))
            keys = []
        return batch.commit()

    @staticmethod
    def _require_range(planned: Planned) -> None:
        try:
            encode(planned.event)
        except ValueError as error:
            where = f"Line {planned.line}: " if planned.line else ""
            raise CommandRefused(
                f"{where}{fault(planned.event)} Nothing was recorded.", "out_of_range"
            ) from error

    def _troubles(self, planned: Planned, step: Undo) -> Iterator[Trouble]:
        book, name = self.group.book, planned.draft_id.hex()
        page = book.entries.find(name)
        if page is not None and page.status == "void":
            code = page.reasons[0] if page.reasons else "void"
            sentence = no_effect(self.group, planned.event, code)
            yield Trouble(planned.line, code, sentence, final=True)
            return
        fresh = {
            text
            for table, text, old in step
            if table == "findings" and old is None and text is not None
        }
        if self._notable >= NOTABLE_MAX:
            return  # to word one more, the findings of the whole book are gone through
        for finding in _shown(book, fresh, self.group):
            if finding.weight == "task" or finding.code == "recorded_twice":
                self._notable += 1
                sentence = without_draft_receipts(finding, self._lines)
                yield Trouble(planned.line, finding.code, sentence, final=False)


def in_parts(events: Sequence[Planned]) -> Iterator[list[Planned]]:
    """As many events as one change may hold, at a time."""
    part: list[Planned] = []
    size = 0
    for planned in events:
        bytes_more = len(encode(planned.event))
        if part and (len(part) == CHANGE_EVENTS_MAX or size + bytes_more > CHANGE_BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(planned)
        size += bytes_more
    if part:
        yield part


def _shown(book: Book, keys: set[str], group: Group) -> Iterator[Finding]:
    """The findings that a trial raised."""
    if keys:
        for finding in list_findings(book, group.people.name_by_hex):
            if f"{finding.code}/{finding.about}" in keys:
                yield finding


def _with_names(event: Event, names: dict[bytes, bytes]) -> Event:
    """The event with draft ids replaced by what they became."""
    changed = {
        field: names[value]
        for field in _REFERENCES[type(event)]
        if (value := getattr(event, field)) in names
    }
    return replace(event, **changed) if changed else event
