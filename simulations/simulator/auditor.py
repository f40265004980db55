"""Who looks: compares what phones hold with what happened, by nothing that the product reckons.

- What a phone acknowledged to its owner is on it after every restart, and on every honest phone at
  the end, while one copy survived.
- Phones that hold the same changes show the same pages, to the byte; every entry sums to zero and
  every account is the sum of its entries.
- Every stored change is signed by a device that was really let in, and continues its chain.
- After the quiet all honest phones agree, and each can still record and be heard.
- Nothing was refused without a code; no fault of our own was logged; no relay's disk holds a name.

Those who harm on purpose say so beforehand (`is_rogue`, `lost_disk`, `let_in`): what they did is
expected, and what it must not lead to is still looked at.
"""

import logging
import re
from typing import TYPE_CHECKING, Any

from node.errors import NodeError
from simulations.simulator import ledger_reading
from simulations.simulator.ledger_reading import Ledger

if TYPE_CHECKING:
    from simulations.simulator.phone import Phone
    from simulations.simulator.story import Group, Story

CODE = re.compile(r"[a-z][a-z0-9_-]{1,63}")
COMPLAINTS_MAX = 20


class Auditor:
    """Watches one story."""

    def __init__(self, story: "Story") -> None:
        self._story = story
        self._recorded: dict[bytes, dict[bytes, str]] = {}
        """Of each group the receipts, and the phone that gave each."""
        self._perhaps: set[bytes] = set()
        """Receipts of which the only copy may be gone."""
        self._rogues: set[str] = set()
        self._let_in: dict[bytes, set[bytes]] = {}
        self.wrong: list[str] = []
        """What should not be, in words."""
        self._log = _Listening(self)

    def begin(self) -> None:
        """Listen to what the product logs as its own fault."""
        self._log.begin()

    def end(self) -> None:
        """Listen no more."""
        self._log.end()

    def complain(self, what: str) -> None:
        """Something should not be."""
        self._story.trace.note("wrong", what)
        if len(self.wrong) < COMPLAINTS_MAX:
            self.wrong.append(what)

    # What the story tells

    def acknowledged(self, phone: "Phone", group: "Group", receipts: tuple[bytes, ...]) -> None:
        """A phone told its owner that these entries are recorded."""
        if phone.name not in self._rogues:
            known = self._recorded.setdefault(group.id, {})
            known.update(dict.fromkeys(receipts, phone.name))

    def let_in(self, group: "Group", device: bytes) -> None:
        """This device key belongs to the group from now on, whatever it does."""
        self._let_in.setdefault(group.id, set()).add(device)

    def is_rogue(self, phone: "Phone") -> None:
        """From now on nothing is expected of this phone."""
        self._rogues.add(phone.name)

    def honest(self, group: "Group") -> list["Phone"]:
        """The phones of a group that something is expected of."""
        return [phone for phone in group.phones if phone.name not in self._rogues]

    def lost_disk(self, phone: "Phone") -> None:
        """Everything on this phone is about to be gone, or to be older than it was: what nobody
        else holds may be lost, and what somebody else holds must not be."""
        for group in self._story.groups:
            others = [one for one in self.honest(group) if one.is_on and one is not phone]
            recorded = self._recorded.get(group.id, {})
            for receipt, by in recorded.items():
                if not any(self.shows(one, group, receipt) for one in others):
                    self._perhaps.add(receipt)
                if by == phone.name:
                    recorded[receipt] = ""  # what is on its disk from now on is another question

    # Looking

    def shows(self, phone: "Phone", group: "Group", receipt: bytes) -> bool:
        """Whether a phone holds an entry, as far as its disk can be read now."""
        try:
            return ledger_reading.holds(phone.rows, group.id, receipt)
        except NodeError:
            return False

    def woke(self, phone: "Phone") -> None:
        """A phone was turned on: what it said was recorded is on its own disk."""
        for group in self._story.groups:
            for receipt, by in self._recorded.get(group.id, {}).items():
                if by != phone.name or receipt in self._perhaps or phone.name in self._rogues:
                    continue
                if not ledger_reading.holds(phone.rows, group.id, receipt):
                    self.complain(f"{phone.name} woke without {receipt.hex()}, which it had said")

    def agrees(self) -> bool:
        """Whether all honest phones of each group hold the same and show the same."""
        return all(
            len({ledger.book for ledger in ledgers}) == 1
            and len({frozenset(ledger.changes) for ledger in ledgers}) == 1
            for ledgers in map(self._ledgers, self._story.groups)
            if ledgers
        )

    def last_look(self) -> None:
        """After the quiet."""
        for group in self._story.groups:
            phones = self.honest(group)
            ledgers = self._ledgers(group)
            for phone, ledger in zip(phones, ledgers, strict=True):
                self._look_at(phone, group, ledger)
            self._compare(group, phones, ledgers)
        self._look_at_refusals()
        self._look_at_relays()

    def _ledgers(self, group: "Group") -> list[Ledger]:
        return [
            ledger_reading.read(phone.rows if phone.is_on else _no_rows, group.id)
            for phone in self.honest(group)
        ]

    def _look_at(self, phone: "Phone", group: "Group", ledger: Ledger) -> None:
        known = {change_hash[:16]: len(one.events) for change_hash, one in ledger.changes.items()}
        for receipt, by in self._recorded.get(group.id, {}).items():
            if receipt not in self._perhaps and known.get(receipt[:16], 0) <= receipt[16]:
                self.complain(f"{phone.name} lacks {receipt.hex()}, recorded on {by}")
        for entry in ledger.unbalanced:
            self.complain(f"{phone.name}: entry {entry} does not sum to zero")
        for account in ledger.misposted:
            self.complain(f"{phone.name}: account {account} is not the sum of its entries")

    def _compare(self, group: "Group", phones: list["Phone"], ledgers: list[Ledger]) -> None:
        books: dict[frozenset[bytes], tuple[str, str]] = {}
        for phone, ledger in zip(phones, ledgers, strict=True):
            other, book = books.setdefault(frozenset(ledger.changes), (phone.name, ledger.book))
            if book != ledger.book:
                self.complain(f"{phone.name} and {other}: the same changes, another book")
        for changes in {id(ledger.changes): ledger.changes for ledger in ledgers[:1]}.values():
            for fault in ledger_reading.faults_of_chains(group.id, changes):
                self.complain(f"group {group.number}: {fault}")
            strangers = {one.device for one in changes.values()} - self._let_in[group.id]
            for device in sorted(strangers):
                self.complain(f"group {group.number}: {device.hex()[:12]} was never let in")

    def _look_at_refusals(self) -> None:
        for phone in self._story.phones:
            if phone.device is None:
                continue
            for refusal in phone.device.links.refusals:
                if not CODE.fullmatch(refusal.code):
                    self.complain(f"{phone.name}: a refusal without a code: {refusal}")

    def _look_at_relays(self) -> None:
        """No name, phone number or event in the clear is on a relay's disk."""
        secrets = [secret for group in self._story.groups for secret in group.secrets]
        for relay in self._story.relays:
            content = relay.content()
            for secret in secrets:
                if secret in content:
                    self.complain(f"{relay.name} holds {secret!r}")


def _no_rows(_sql: str, _values: object) -> list[tuple[Any, ...]]:
    """What a phone that is off shows."""
    return []


class _Listening(logging.Handler):
    """Makes a complaint of what the product logs as an error."""

    def __init__(self, auditor: Auditor) -> None:
        super().__init__(logging.ERROR)
        self._auditor = auditor
        self._logger = logging.getLogger("mkutano")
        self._propagated = True

    def begin(self) -> None:
        """Hear everything of the product's own loggers, and keep it off the screen."""
        self._propagated, self._logger.propagate = self._logger.propagate, False
        self._logger.addHandler(self)

    def end(self) -> None:
        """Let go."""
        self._logger.removeHandler(self)
        self._logger.propagate = self._propagated

    def emit(self, record: logging.LogRecord) -> None:
        """A fault of our own."""
        cause: Any = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        self._auditor.complain(f"logged as a fault: {record.getMessage()}: {cause!r}")
