"""What is about to be recorded: tried on the book first, and signed only if the rules allow it.

A plan holds events that may refer to one another before any of them has an id. `trial` lets the
reducer itself judge them on the group's book and takes every step back, so that a refusal here
and a finding there can never disagree. `record` signs them as few changes, stored together.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from model.book import Book, Undo
from model.codec import encode
from model.entry import Entry
from model.events import EVENTS, Event
from model.findings import Finding, list_findings, tasks_watched, worded
from model.identifiers import CHANGE_PREFIX_BYTES, ENTRY_ID_BYTES
from model.reducer import apply, undo
from node.errors import CommandRefused
from node.node import Group, Node, Step
from node.ranges import fault
from node.refusals import no_effect, without_draft_receipts
from node.stopped import REVOKED, why_held
from replication.control import CardVoted, Record
from replication.limits import CHANGE_BYTES_MAX, CHANGE_EVENTS_MAX
from replication.wire import PersonKey

_REFERENCES: Final = {row.event_class: row.references for row in EVENTS}
NOTABLE_MAX: Final = 100
"""Troubles that are told of one plan: more than a person reads, and each costs time to word."""

ASKED_BEFORE: Final = frozenset(
    {"overdrawn", "unfunded", "loans_unfunded", "source_too_small", "receipts_too_small"}
    | {"possible_duplicate_payment"}
    | {"claim_too_large", "debt_overpaid", "no_quorum", "votes_exceed_present"}
    | {"cash_differs", "variance_differs", "close_differs", "exit_differs"}
    | {"shareout_differs", "shareout_pool_too_large"}
    | {"rotation_pot_too_large", "rotation_other_member"}
    | {"loan_over_savings", "loan_too_long", "loan_beside_another", "guarantor_overcommitted"}
)
"""What the watches see that is asked about before it is signed: money that is not there, sums that
differ, decisions that too few are there to make. What a proper record always leaves to do (a word
to give, a receipt to match, a close to seal) is not asked about."""

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
        self.records: list[Record] = []
        """Control records; they stand last in the change, after the events."""
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
        before = tasks_watched(book, ASKED_BEFORE)
        device = self.group.device
        person = self.group.roster.person_of(device)
        lamport = self.group.books.newest[0]
        shown = tuple(
            record.proposal[:CHANGE_PREFIX_BYTES]
            for record in self.records
            if isinstance(record, CardVoted)
        )
        steps: list[Undo] = []
        troubles: list[Trouble] = []
        try:
            for planned in self.events:
                self._require_range(planned)
                lamport += 1
                entry = Entry(
                    planned.draft_id, lamport, device, person, 0, planned.event, _Everything()
                )._replace(cards=shown)
                steps.append(apply(book, entry))
                troubles += self._troubles(planned, steps[-1])
            troubles += self._newly_seen(before)
        finally:
            undo(book, book.take_undo())  # of a step that was cut short
            for step in reversed(steps):
                undo(book, step)
        return troubles

    def require(self, anyway: bool = False) -> None:
        """Raise CommandRefused for the first trouble; `anyway` lets pass what did happen."""
        self._require_heard(anyway)
        for trouble in self.trial():
            if trouble.final:
                raise CommandRefused(_refused(trouble.sentence), trouble.code)
            if not anyway:
                raise CommandRefused(
                    f"{_refused(trouble.sentence)} If it really happened so, record it again with "
                    "--anyway.",
                    trouble.code,
                )

    def _require_heard(self, anyway: bool) -> None:
        """What a stopped phone records waits in suspense: its owner is told before."""
        why = why_held(self.group) if self.events else ""
        if why == REVOKED:
            raise CommandRefused(f"{why} Nothing was recorded.", "revoked")
        if why and not anyway:
            raise CommandRefused(
                f"{why} Nothing was recorded. If there is no other phone now, record it here with "
                "--anyway.",
                "stopped",
            )

    def record(self, node: Node, now_ms: int, *, ends_founding: bool = False) -> Step:
        """Sign and store all of it in one transaction. Raises CommandRefused, StoreFailed."""
        batch = node.batch(self.group.id, now_ms)
        ids: dict[bytes, bytes] = {}
        keys = self.keys
        for part, records in self._parts():
            places = {planned.draft_id: bytes((at,)) for at, planned in enumerate(part)}
            events = [_with_names(planned.event, {**ids, **places}) for planned in part]
            receipts = batch.append(events, keys, records)
            ids.update(zip(places, receipts, strict=False))
            keys = []
        if ends_founding:
            batch.end_founding()
        return batch.commit()

    def _parts(self) -> Iterator[tuple[list[Planned], list[Record]]]:
        """The changes that it takes; control records go with the last events, where they fit."""
        parts = list(in_parts(self.events))
        room = CHANGE_EVENTS_MAX - len(parts[-1]) if parts else 0
        if len(self.records) > room:
            parts.append([])
        for number, part in enumerate(parts, 1):
            yield part, self.records if number == len(parts) else []

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

    def _newly_seen(self, before: Container[tuple[str, str]]) -> Iterator[Trouble]:
        """What only the whole of the books shows, and did not show before this plan."""
        for (code, about), page in tasks_watched(self.group.book, ASKED_BEFORE).items():
            if (code, about) in before or self._notable >= NOTABLE_MAX:
                continue
            self._notable += 1
            finding = worded(self.group.book, code, about, page, self.group.people.name_by_hex)
            line = max((self._lines.get(name, 0) for name in page.entries), default=0)
            sentence = without_draft_receipts(finding, self._lines)
            yield Trouble(line, code, sentence, final=False)


def _refused(sentence: str) -> str:
    """The sentence, and that nothing was recorded; a command at its end is set apart."""
    if sentence.endswith("."):
        return f"{sentence} Nothing was recorded."
    what, _, command = sentence.rpartition(": ")
    return f"{what}, with “{command}”. Nothing was recorded."


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
