"""Invitations in the ledger file: what has become of each, written before anybody is told.

Every method is one durable statement, or belongs to its caller's transaction where it says so. A
key leaves the file with the last use that it could have: used, withdrawn, expired or burned.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from node.database import Database
from node.errors import NodeError

State = Literal["open", "used", "withdrawn", "expired", "burned"]
Way = Literal["secret", "numbers"]

TRIES_MAX: Final = 3
"""Wrong tries that burn an invitation."""
CALLS_MAX: Final = 16
"""Handshakes begun with one invitation; a phone with a poor radio needs a few."""
TAG_BYTES: Final = 16

_COLUMNS: Final = (
    "invitation_id, secret_hash, right, label, made_ms, state, used_by, way, confirm, "
    "lifetime_ms, tries, calls"
)


class InvitationRow(NamedTuple):
    """A one-time invitation that this device made."""

    invitation_id: bytes
    secret_hash: bytes
    """Derived from the secret in the URI; b"" once it is good for nothing."""
    right: str
    label: str
    """Whom it is for: JSON of node/invitations.py's Guest."""
    made_ms: int
    state: str = "open"
    """A State."""
    used_by: bytes = b""
    way: str = "secret"
    """A Way: by the secret in its text, or by numbers compared on both screens."""
    confirm: bool = False
    """Whether this phone's owner is asked before the phone that uses it is let in."""
    lifetime_ms: int = 86_400_000
    """How long after made_ms it is good, by this device's own clock."""
    tries: int = 0
    """Wrong tries so far."""
    calls: bytes = b""
    """Tags of the hellos that handshakes with it began with, 16 bytes each."""


class InvitationStore:
    """The invitations of all groups in one ledger file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, group_no: int, invitation: InvitationRow) -> None:
        """Keep an invitation that was just made."""
        with self._database.transaction():
            self._database.write(
                f"INSERT INTO invitations (group_no, {_COLUMNS}) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (group_no, *invitation),
            )

    def all(self, group_no: int) -> list[InvitationRow]:
        """All invitations of a group, oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM invitations WHERE group_no = ? "
            "ORDER BY made_ms, invitation_id",
            (group_no,),
        )
        return [InvitationRow(*row)._replace(confirm=bool(row[8])) for row in rows]

    def find(self, group_no: int, invitation_id: bytes) -> InvitationRow | None:
        """One invitation."""
        return next((row for row in self.all(group_no) if row.invitation_id == invitation_id), None)

    def close(self, group_no: int, invitation_ids: Sequence[bytes], state: State) -> int:
        """Make open invitations worthless; how many were open."""
        with self._database.transaction():
            return sum(self._close(group_no, one, state) for one in invitation_ids)

    def _close(self, group_no: int, invitation_id: bytes, state: State) -> int:
        return self._database.write(
            "UPDATE invitations SET state = ?, secret_hash = x'', calls = x'' "
            "WHERE group_no = ? AND invitation_id = ? AND state = 'open'",
            (state, group_no, invitation_id),
        )

    def count_try(self, group_no: int, invitation_id: bytes) -> int:
        """Count one try of an open invitation; how many there were."""
        with self._database.transaction():
            self._database.write(
                "UPDATE invitations SET tries = tries + 1 "
                "WHERE group_no = ? AND invitation_id = ? AND state = 'open'",
                (group_no, invitation_id),
            )
        row = self.find(group_no, invitation_id)
        return 0 if row is None else row.tries

    def burn_if_spent(self, group_no: int, invitation_id: bytes) -> None:
        """Make an invitation worthless that has no try left."""
        row = self.find(group_no, invitation_id)
        if row is not None and row.tries >= TRIES_MAX:
            self.close(group_no, [invitation_id], "burned")

    def note_call(self, group_no: int, invitation_id: bytes, tag: bytes) -> bool:
        """Remember a hello; False for one that was heard before, or when there were too many.

        The last that an invitation takes burns it for whatever call comes after.
        """
        row = self.find(group_no, invitation_id)
        if row is None or row.state != "open":
            return False
        heard = {row.calls[at : at + TAG_BYTES] for at in range(0, len(row.calls), TAG_BYTES)}
        if tag in heard:
            return False
        with self._database.transaction():
            if len(heard) >= CALLS_MAX:
                self._close(group_no, invitation_id, "burned")
                return False
            self._database.write(
                "UPDATE invitations SET calls = ? WHERE group_no = ? AND invitation_id = ?",
                (row.calls + tag, group_no, invitation_id),
            )
        return True

    def spend(self, group_no: int, invitation_id: bytes, device: bytes) -> None:
        """Use an invitation up, inside the caller's transaction; NodeError when it is not open."""
        done = self._database.write(
            "UPDATE invitations SET state = 'used', used_by = ?, secret_hash = x'', calls = x'' "
            "WHERE group_no = ? AND invitation_id = ? AND state = 'open'",
            (device, group_no, invitation_id),
        )
        if done != 1:
            raise NodeError(
                "This invitation was used already or withdrawn. Ask for a new one.",
                "invitation_spent",
            )
