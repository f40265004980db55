"""Pages of what stopped devices wrote: the devices, and what only they gave a name.

Nothing here posts or counts. What is offered becomes a member, a loan, a partner or a
merry-go-round as soon as an entry of a device that was not stopped builds on it.
"""

from __future__ import annotations

from model.fund_pages import PartnerPage
from model.pages import LoanPage, MemberPage, Page, RotationPage


class StoppedPage(Page, frozen=True):
    """A device that was stopped.

    `person`: whose it is. `unfollowed`: of its entries beyond those that are followed one by one,
    how many still wait for officers.
    """

    person: str
    unfollowed: int = 0


class OfferedPage(Page, frozen=True):
    """What an entry of a stopped device would have brought into being: one of these."""

    member: MemberPage | None = None
    loan: LoanPage | None = None
    partner: PartnerPage | None = None
    rotation: RotationPage | None = None
