"""Whether this phone's own chain goes on from where it was: restored, moved, behind or forked.

A phone that was restored from a backup and writes at once gives one number to two entries. So it
compares with others before its first write: a marker outside the home (node/marker.py) tells it
that it was restored or moved, and what peers say of its chain tells it what it lacks. Anybody can
say that: such a word keeps it waiting only once it was proved by its own signature under a change
that is not here (replication/own_chain.py). Until it has compared, it signs nothing; a phone that
forked records no money until an officer has answered. Where no other phone can be asked, its owner
can go on at the price that the sentence names.
"""

from typing import Final, Literal, NamedTuple

from node.errors import CommandRefused
from node.marker import Mark, Marker, Marks
from replication.frontier import Tip
from replication.replica import Replica

State = Literal["sound", "restored", "moved"]


class Standing(NamedTuple):
    """Where this phone's own chain stands."""

    state: State
    """restored: an older copy of this home; moved: from another place. sound: compared since."""
    own_n: int
    """The newest change of this phone's own chain that is here."""
    sought_n: int
    """The newest that was ever known and is not here; 0 when nothing is missing."""
    behind: tuple[bytes, ...]
    """Devices that hold changes of this phone which are not here; its own signature proves it."""
    is_paused: bool
    """Whether a fork of this phone waits for an officer's answer."""


class Continuity:
    """One group's own chain on this phone, and whether it may grow."""

    def __init__(self, replica: Replica, marker: Marker) -> None:
        self._replica = replica
        self._marker = marker
        self._unheeded: set[bytes] = set()
        """Devices whose word of our chain the owner decided not to wait for."""
        self._marks = Marks()
        self.state: State = "sound"
        self._look()

    def _look(self) -> None:
        """Compare the marker with what was opened."""
        marks, own = self._marker.read(), self._own()
        if marks is None:
            if not own.n:
                self._marker.write(self._marks)
            elif self._marker.can_be_kept():
                self.state = "moved"
        else:
            self._marks = marks
            if not self._holds(marks.position):
                self.state = "restored"
                self._marks = marks._replace(sought=max(marks))

    def standing(self) -> Standing:
        """How it stands now."""
        return Standing(
            self.state,
            self._own().n,
            0 if self._holds(self._marks.sought) else self._marks.sought.n,
            self._behind(),
            self._replica.is_paused(self._replica.keys.public),
        )

    def heard(self) -> None:
        """A peer said something: perhaps we have compared now."""
        if self.state != "sound" and self._has_compared():
            self.state = "sound"
            self._note()

    def committed(self) -> None:
        """The store holds everything; note how far our chain has come."""
        self.heard()
        if self.state == "sound" and self._own() != self._marks.position:
            self._note()

    def go_on(self) -> None:
        """The owner decided: nobody else is to be waited for."""
        self._unheeded.update(self._replica.told_of_us())
        self.state = "sound"
        self._note()

    def require(self, with_entries: bool) -> None:
        """CommandRefused when this phone must not sign now; `with_entries`: not only decisions."""
        code = self._why_not(with_entries)
        if code:
            raise CommandRefused(f"Nothing was recorded. {self._words(code)}", code)

    def sentence(self) -> str:
        """Why this phone records nothing now, and what to do; "" when it does."""
        code = self._why_not(True)
        return self._words(code) if code else ""

    def _words(self, code: str) -> str:
        return SENTENCES[code].format(own=self._own().n, sought=self._marks.sought.n)

    def _why_not(self, with_entries: bool) -> str:
        if self.state == "moved":
            return "phone_moved"
        if self.state == "restored":
            is_older = self._marks.sought.n > self._own().n
            return "phone_restored" if is_older else "phone_copied"
        if self._behind():
            return "phone_behind"
        if with_entries and self._replica.is_paused(self._replica.keys.public):
            return "phone_forked"
        return ""

    def _has_compared(self) -> bool:
        """Whether our chain is at the marker, or a device compared and knows nothing that we lack.

        Without a marker only the second can be known.
        """
        told = self._replica.told_of_us()
        reached = self.state == "restored" and self._holds(self._marks.position)
        return reached or any(not tips for tips in told.values())

    def _behind(self) -> tuple[bytes, ...]:
        """Devices of whose word about our chain we wait for the end: what they name was proved."""
        told, proven = self._replica.told_of_us(), self._replica.proven_of_us()
        return tuple(
            sorted(
                device
                for device, tips in told.items()
                if device not in self._unheeded and not proven.isdisjoint(tips)
            )
        )

    def _own(self) -> Mark:
        tip = self._replica.own_tip
        return Mark(tip.n, tip.chain)

    def _holds(self, mark: Mark) -> bool:
        return self._replica.holds(Tip(self._replica.keys.public, *mark))

    def _note(self) -> None:
        sought = Mark() if self._holds(self._marks.sought) else self._marks.sought
        self._marks = Marks(self._own(), sought)
        self._marker.write(self._marks)


SENTENCES: Final = {
    "phone_restored": (
        "This phone's books were restored from an older copy: the copy ends with this phone's "
        "change {own}, and it had made change {sought}. If it recorded now, two entries would get "
        "one number. First exchange with another phone of the group: mkutano sync ADDRESS, or "
        "mkutano run beside it. Only if no other phone has the group's books: "
        "mkutano forks --anyway"
    ),
    "phone_copied": (
        "Another copy of this phone's books has recorded since with this phone's key, and what it "
        "wrote is not here. First exchange with another phone of the group: mkutano sync ADDRESS, "
        "or mkutano run beside it. Only if the other copy is gone and no other phone has the "
        "group's books: mkutano forks --anyway"
    ),
    "phone_moved": (
        "This phone's books were moved here or copied from another place. If the old place goes "
        "on recording too, two entries would get one number. First exchange with another phone of "
        "the group: mkutano sync ADDRESS, or mkutano run beside it. If the old phone or folder is "
        "gone for good: mkutano forks --moved"
    ),
    "phone_behind": (
        "Another phone holds entries of this phone that are not here: these books are an older "
        "copy. Wait until the exchange with it is done and record then. If it never comes to an "
        "end: mkutano forks --anyway"
    ),
    "phone_forked": (
        "This phone has written two different changes under one number: either it was restored "
        "from a backup, or two phones use its key. Until another officer answers which, it "
        "records nothing. On the other officer's phone: mkutano forks"
    ),
}
"""Why this phone signs nothing now, and what to do."""
