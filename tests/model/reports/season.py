"""A short season of Umoja for the tests of reports, small enough to reckon by hand.

Five members; amounts in cents. Meeting 1 (7 January): four save 500 and give 20 to the social fund,
all but the fifth come; member 1 borrows 600 at 10 % a month flat for 3 months. Meeting 2 (11
February): member 1 repays 260, members 1 and 2 save 200, member 3 sends somebody, members 4 and 5
stay away; the social fund helps member 4 with 30; an expense of 25. Both are closed.
"""

from model import events as e
from tests.strategies import Village

MEETINGS = {(1, 1): "2026-01-07", (1, 2): "2026-02-11"}


class Season(Village):
    """The village after two meetings, every phone in step; `loan` is the loan's id."""

    def __init__(self) -> None:
        super().__init__(5)
        self._first()
        self.meet()
        self.secretary.record(e.MeetingOpened(1, 2, "2026-02-11"))
        self.meet()
        self._second()
        self.meet()

    def _first(self) -> None:
        keeper, cash = self.secretary, self.treasurer
        for place, member in enumerate(self.members):
            keeper.record(e.AttendanceMarked(1, 1, member, "absent" if place == 4 else "present"))
        for member in self.members[:4]:
            cash.record(e.SharePurchased(1, 1, member, 5, 500))
            cash.record(e.SocialContributed(1, 1, member, 20))
        self.loan = keeper.record(e.LoanApplied(1, 1, self.members[0], 600, "seed", 3))
        self.meet()
        self.chairperson.record(e.LoanApproved(1, 1, self.loan, 600, "flat", 100_000, 3))
        self.meet()
        cash.record(e.LoanDisbursed(1, 1, self.loan, 600))
        self.meet()
        keeper.record(e.MeetingClosed(1, 1, ()))

    def _second(self) -> None:
        keeper, cash = self.secretary, self.treasurer
        statuses = ("present", "late", "representative", "absent", "excused")
        for member, status in zip(self.members, statuses, strict=True):
            keeper.record(e.AttendanceMarked(1, 2, member, status))  # type: ignore[arg-type]
        cash.record(e.LoanRepaid(1, 2, self.loan, 260))
        for member in self.members[:2]:
            cash.record(e.SharePurchased(1, 2, member, 2, 200))
        cash.record(e.SocialPaidOut(1, 2, self.members[3], 30, "illness"))
        cash.record(e.ExpensePaid(1, 2, "stationery", 25))
        self.meet()
        keeper.record(e.MeetingClosed(1, 2, ()))
