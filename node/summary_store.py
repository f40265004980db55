"""Summaries in the ledger file: what was said of which sealed meeting, and which phones signed it.

A group is named by its id: of one that is only followed by its summaries there is no row in
`groups`. Nothing is ever taken back: a newer summary of a meeting stands beside the older one.
What is kept of one phone, of one meeting and of one group is bounded, so that a phone that signs
without end fills nobody's disk.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from node.database import Database
from node.summary_form import Signed, Summary, read_content
from relay.facts import Access
from replication.errors import RemoteError

GROUP_MAX: Final = 4096
"""Summaries of one group: over fifty years of weekly meetings, with corrections."""
DEVICE_MAX: Final = 2048
"""Of them by one device."""
MEETING_MAX: Final = 8
"""Of one meeting by one device: so often officers do not close one meeting anew."""
FAULTS_MAX: Final = 32
"""Kinds of faults that are kept of one group."""


class Stored(NamedTuple):
    """One content that was signed, and by whom."""

    digest: bytes
    summary: Summary
    content: bytes
    officers: int
    """The most officers of one access list in force who had signed it: it never falls."""
    signers: Mapping[bytes, bool]
    """Device → whether it was an officer's by the list in force when its signature came."""


class Fault(NamedTuple):
    """Something in a group's mailbox of summaries that was not taken."""

    device: bytes
    """Which device had put it there."""
    code: str
    first_ms: int
    times: int


class SummaryStore:
    """The tables of summaries of one ledger file. Methods raise NodeError when the file fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self, mailbox: bytes, signed: Signed, summary: Summary, access: Access, now_ms: int
    ) -> bool:
        """Keep a signature that was verified, inside the caller's transaction; False when that
        would be more than is kept of one device, meeting or group."""
        group, digest, device = signed.group, signed.digest, signed.device
        known = self._database.row(
            "SELECT 1 FROM summaries WHERE group_id = ? AND digest = ?", (group, digest)
        )
        if known is None and not self._has_room(signed, summary):
            return False
        if known is None:
            self._database.write(
                "INSERT INTO summaries VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (group, digest, *summary.key, summary.close, signed.content, now_ms),
            )
        self._database.write(
            "INSERT INTO summary_signatures VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (group, digest, device, mailbox, signed.signature, access.may_write(device)),
        )
        self._recount(group, digest, access)
        return True

    def _has_room(self, signed: Signed, summary: Summary) -> bool:
        by_device = (
            "SELECT count(DISTINCT s.digest) FROM summaries s JOIN summary_signatures USING "
            "(group_id, digest) WHERE s.group_id = ? AND device = ?"
        )
        meeting = (signed.group, signed.device, summary.cycle, summary.session)
        return (
            self._count("SELECT count(*) FROM summaries WHERE group_id = ?", (signed.group,))
            < GROUP_MAX
            and self._count(by_device, (signed.group, signed.device)) < DEVICE_MAX
            and self._count(f"{by_device} AND cycle = ? AND session = ?", meeting) < MEETING_MAX
        )

    def _count(self, sql: str, values: tuple[object, ...]) -> int:
        row = self._database.row(sql, values)
        return int(row[0]) if row is not None else 0

    def _recount(self, group: bytes, digest: bytes, access: Access) -> None:
        """Officers of the list in force who have signed; two phones of one officer are one."""
        rows = self._database.rows(
            "SELECT DISTINCT device FROM summary_signatures WHERE group_id = ? AND digest = ?",
            (group, digest),
        )
        officers = {access.officer_of(device) for (device,) in rows} - {-1}
        self._database.write(
            "UPDATE summaries SET officers = max(officers, ?) WHERE group_id = ? AND digest = ?",
            (len(officers), group, digest),
        )

    def rows(self, group: bytes) -> list[Stored]:
        """Every summary of a group, by meeting and revision."""
        signers: dict[bytes, dict[bytes, bool]] = {}
        for digest, device, was_officer in self._database.rows(
            "SELECT digest, device, max(officer) FROM summary_signatures WHERE group_id = ? "
            "GROUP BY digest, device",
            (group,),
        ):
            signers.setdefault(digest, {})[device] = bool(was_officer)
        found = self._database.rows(
            "SELECT digest, content, officers FROM summaries WHERE group_id = ? "
            "ORDER BY cycle, session, revision, digest",
            (group,),
        )
        stored = []
        for digest, content, officers in found:
            try:
                summary = read_content(content)
            except RemoteError:
                continue  # the file was altered by hand: it is heard again, or not shown
            stored.append(Stored(digest, summary, content, officers, signers.get(digest, {})))
        return stored

    def signed_in(self, group: bytes, mailbox: bytes) -> dict[bytes, dict[bytes, bytes]]:
        """What lies in one mailbox: close → device → digest of what it signed."""
        found: dict[bytes, dict[bytes, bytes]] = {}
        for close, device, digest in self._database.rows(
            "SELECT close, device, digest FROM summary_signatures JOIN summaries "
            "USING (group_id, digest) WHERE group_id = ? AND mailbox = ?",
            (group, mailbox),
        ):
            found.setdefault(close, {})[device] = digest
        return found

    def groups(self) -> list[bytes]:
        """Groups of which there is any summary."""
        return [one for (one,) in self._database.rows("SELECT DISTINCT group_id FROM summaries")]

    def forget_mailbox(self, group: bytes, mailbox: bytes) -> None:
        """The mailbox was lost or begun anew: what lay there is to be put there again."""
        with self._database.transaction():
            self._database.write(
                "UPDATE summary_signatures SET mailbox = zeroblob(32) WHERE group_id = ? AND "
                "mailbox = ? AND NOT EXISTS (SELECT 1 FROM summary_signatures o WHERE "
                "o.group_id = summary_signatures.group_id AND o.digest = summary_signatures.digest "
                "AND o.device = summary_signatures.device AND o.mailbox = zeroblob(32))",
                (group, mailbox),
            )
            self._database.write(
                "DELETE FROM summary_signatures WHERE group_id = ? AND mailbox = ?",
                (group, mailbox),
            )

    def forget(self, group: bytes) -> None:
        """Let go of everything that was kept of a group."""
        with self._database.transaction():
            for table in ("summaries", "summary_signatures", "summary_faults"):
                self._database.write(f"DELETE FROM {table} WHERE group_id = ?", (group,))

    # What was not taken

    def note_faults(self, group: bytes, faults: Iterable[tuple[bytes, str]], now_ms: int) -> None:
        """Remember what devices put there that was not taken; inside the caller's transaction."""
        for device, code in faults:
            changed = self._database.write(
                "UPDATE summary_faults SET times = times + 1 "
                "WHERE group_id = ? AND device = ? AND code = ?",
                (group, device, code),
            )
            if not changed and len(self.faults(group)) < FAULTS_MAX:
                self._database.write(
                    "INSERT INTO summary_faults VALUES (?, ?, ?, ?, 1)",
                    (group, device, code, now_ms),
                )

    def faults(self, group: bytes) -> list[Fault]:
        """What was not taken of a group, oldest first."""
        rows = self._database.rows(
            "SELECT device, code, first_ms, times FROM summary_faults WHERE group_id = ? "
            "ORDER BY first_ms, device, code",
            (group,),
        )
        return [Fault(*row) for row in rows]
