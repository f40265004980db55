"""The village's deeds as facts of the books, recorded by two officers.

A fact names members and loans by the entry that brought them into being, so the scribe learns
each id from whoever records: `Record` takes an officer and an event and returns the entry's id.
"""

from collections.abc import Callable, Mapping

from model.events import (
    Attendance,
    AttendanceMarked,
    ConstitutionAdopted,
    CoveredTip,
    CycleOpened,
    Event,
    FineLevied,
    FinePaid,
    GroupDescribed,
    LoanApplied,
    LoanApproved,
    LoanDisbursed,
    LoanRepaid,
    MeetingClosed,
    MeetingOpened,
    MemberAdded,
    OfficerElected,
    SharePurchased,
    SocialContributed,
    Title,
)
from simulations.village import (
    FINES_MINOR,
    FIRST_DAY,
    INTEREST_PPM,
    LOAN_MONTHS_MAX,
    LOAN_MULTIPLIER,
    MEETINGS_A_CYCLE,
    SHARE_VALUE_MINOR,
    SHARES_MAX,
    SOCIAL_MINOR,
    WEEK,
    Deed,
    Meeting,
    Officer,
    Village,
)

_ATTENDANCE: dict[str, Attendance] = {"present": "present", "late": "late", "absent": "absent"}

Record = Callable[[Officer, Event], bytes]
"""Records an event on that officer's phone and returns the entry's id."""


class Scribe:
    """Writes one village's life down; keeps the ids of its members and of their newest loans."""

    def __init__(self, village: Village, record: Record) -> None:
        self._village = village
        self._record = record
        self.members: dict[int, bytes] = {}
        self.loans: dict[int, bytes] = {}

    def found(self, persons: Mapping[Officer, bytes]) -> None:
        """The group's name, its rules, its members, and who holds which office.

        The secretary's person chairs the meeting too, so that two phones may record everything.
        """
        self._record("secretary", GroupDescribed("Umoja", "KES", 2))
        self._record("secretary", constitution())
        for member in self._village.members:
            added = MemberAdded(member.number, FIRST_DAY.isoformat())
            self.members[member.number] = self._record("secretary", added)
        titles: tuple[tuple[Title, Officer], ...] = (
            ("secretary", "secretary"),
            ("treasurer", "treasurer"),
            ("chairperson", "secretary"),
        )
        for title, officer in titles:
            self._record("secretary", OfficerElected(title, persons[officer]))

    def open(self, meeting: Meeting) -> None:
        """Open a meeting, and the cycle with its first one."""
        if meeting.session == 1:
            last_day = meeting.day + (MEETINGS_A_CYCLE - 1) * WEEK
            days = meeting.day.isoformat(), last_day.isoformat()
            self._record("secretary", CycleOpened(meeting.cycle, *days))
        opened = MeetingOpened(meeting.cycle, meeting.session, meeting.day.isoformat())
        self._record("secretary", opened)

    def write(self, meeting: Meeting, deed: Deed) -> None:
        """Record one deed on the phone of the officer who saw it."""
        written = self._record(deed.officer, self.event(meeting, deed))
        if deed.kind == "applied":
            self.loans[deed.member] = written

    def close(self, meeting: Meeting, covers: tuple[CoveredTip, ...]) -> None:
        """Close a meeting over the chain heads that the secretary's phone knows."""
        self._record("secretary", MeetingClosed(meeting.cycle, meeting.session, covers))

    def event(self, meeting: Meeting, deed: Deed) -> Event:
        """The fact that stands for a deed."""
        at = meeting.cycle, meeting.session
        member, amount_minor = self.members[deed.member], deed.amount_minor
        match deed.kind:
            case "attended":
                return AttendanceMarked(*at, member, _ATTENDANCE[deed.code])
            case "bought":
                return SharePurchased(*at, member, deed.units, amount_minor)
            case "gave":
                return SocialContributed(*at, member, amount_minor)
            case "was fined":
                return FineLevied(*at, member, deed.code, amount_minor)
            case "paid fine":
                return FinePaid(*at, member, amount_minor)
            case "applied":
                return LoanApplied(*at, member, amount_minor, "stock", deed.units)
            case _:
                return self._loan_event(at, deed)

    def _loan_event(self, at: tuple[int, int], deed: Deed) -> Event:
        loan, amount_minor = self.loans[deed.member], deed.amount_minor
        if deed.kind == "approved":
            return LoanApproved(*at, loan, amount_minor, "flat", INTEREST_PPM, deed.units)
        if deed.kind == "took":
            return LoanDisbursed(*at, loan, amount_minor)
        return LoanRepaid(*at, loan, amount_minor)


def constitution() -> ConstitutionAdopted:
    """The rules that the village keeps."""
    return ConstitutionAdopted(
        1,
        SHARE_VALUE_MINOR,
        shares_max=SHARES_MAX,
        social_fund_minor=SOCIAL_MINOR,
        loan_multiplier=LOAN_MULTIPLIER,
        loan_periods_max=LOAN_MONTHS_MAX,
        interest_ppm=INTEREST_PPM,
        fines=dict(FINES_MINOR),
    )
