"""What becomes of each kind of fact when the device that wrote it was stopped: one table.

`aside`: it may have happened. It is kept beside what counts, its cash in suspense, and competes
with nothing; officers ratify it, and it counts, or reject it.
`name`: it brings something into being that others may have built on: a member who paid since, a
loan that is being repaid. Entries of other devices that name it stand; by itself it counts nowhere
until officers ratify it.
`request`: officers were asked, and money may have been paid on it since. What was paid counts;
the request itself is made anew.
`anew`: it decides, or says how things stand from now on. It has no effect, and can't be ratified:
whoever still wants it records it on a good device, which takes one person as long as ratifying it.

In doubt a kind is `anew`: a thief's fact then changes nothing, and no money is lost.
"""

from __future__ import annotations

from typing import Final, Literal

How = Literal["aside", "name", "request", "anew"]

_MONEY: Final = "money was moved, or is owed: only officers can tell whether it was"
_SEEN: Final = "somebody may have seen and written it; nothing hangs on it until officers agree"
_POWER: Final = "it gives or takes rights: a thief must gain none, not even for a meeting"
_WORD: Final = "an officer's word, and nobody knows whether the officer gave it"
_DECISION: Final = "officers decide it together; they ask each other again"
_STATE: Final = "it says how things are from now on; a good device says it again in one step"
_BUILT_ON: Final = "others may have built on it before they knew"

HELD: Final[dict[str, tuple[How, str]]] = {
    "group.described": ("anew", _STATE),
    "group.status_set": ("anew", _STATE),
    "constitution.proposed": ("anew", _DECISION),
    "constitution.adopted": ("anew", _POWER),
    "cycle.opened": ("anew", "a cycle may be opened by every phone; a false one would bar others"),
    "cycle.closed": ("anew", _DECISION),
    "member.added": ("name", _BUILT_ON),
    "person.sealed": ("name", "a name and a phone, used by no rule"),
    "person.erased": ("anew", _DECISION),
    "member.profile_set": ("anew", _STATE),
    "member.status_set": ("anew", _STATE),
    "member.merged": ("anew", _DECISION),
    "member.exited": ("anew", _DECISION),
    "goal.set": ("aside", _SEEN),
    "goal.ended": ("aside", _SEEN),
    "consent.recorded": ("anew", "a member's yes must be certain"),
    "officer.proposed": ("anew", _DECISION),
    "officer.elected": ("anew", _POWER),
    "approval.given": ("anew", _WORD),
    "approval.withdrawn": ("anew", _WORD),
    "request.declined": ("anew", _WORD),
    "conflict.resolved": ("anew", _DECISION),
    "entry.disputed": ("anew", _WORD),
    "late_entry.accepted": ("anew", _DECISION),
    "late_entry.rejected": ("anew", _DECISION),
    "suspense.ratified": ("anew", _DECISION),
    "suspense.rejected": ("anew", _DECISION),
    "meeting.scheduled": ("anew", _STATE),
    "meeting.opened": ("anew", "every phone may open it; until one does, its day is used"),
    "agenda.reached": ("anew", _STATE),
    "attendance.marked": ("aside", _SEEN),
    "resolution.recorded": ("aside", _SEEN),
    "ballot.cast": ("aside", _SEEN),
    "action.assigned": ("aside", _SEEN),
    "action.done": ("aside", _SEEN),
    "minutes.recorded": ("aside", _SEEN),
    "share.purchased": ("aside", _MONEY),
    "savings.deposited": ("aside", _MONEY),
    "savings.withdrawn": ("aside", _MONEY),
    "social.contributed": ("aside", _MONEY),
    "social.paid_out": ("aside", _MONEY),
    "fine.levied": ("aside", _MONEY),
    "fine.paid": ("aside", _MONEY),
    "fine.waived": ("anew", _DECISION),
    "claim.paid": ("aside", _MONEY),
    "debt.collected": ("aside", _MONEY),
    "loan.applied": ("name", _BUILT_ON),
    "loan.refused": ("anew", _STATE),
    "loan.approved": ("aside", "the money may have been handed over on it"),
    "loan.disbursed": ("aside", _MONEY),
    "loan.repaid": ("aside", _MONEY),
    "loan.charged": ("aside", _MONEY),
    "loan.waived": ("anew", _DECISION),
    "loan.rescheduled": ("anew", _DECISION),
    "loan.defaulted": ("anew", _DECISION),
    "loan.written_off": ("anew", _DECISION),
    "loan.recovered": ("aside", _MONEY),
    "guarantee.given": ("anew", "a guarantor's yes must be certain"),
    "guarantee.called": ("anew", _DECISION),
    "expense.paid": ("aside", _MONEY),
    "transfer.made": ("aside", _MONEY),
    "partner.set": ("name", _BUILT_ON),
    "funding.promised": ("aside", "what came in on it is told by others, too"),
    "funding.received": ("aside", _MONEY),
    "funding.repaid": ("aside", _MONEY),
    "funding.released": ("anew", _DECISION),
    "investment.bought": ("aside", _MONEY),
    "investment.valued": ("anew", _STATE),
    "investment.paid": ("aside", _MONEY),
    "investment.sold": ("aside", _MONEY),
    "payment.received": ("aside", _MONEY),
    "payment.matched": ("anew", "it says whose money came in; matched again in one step"),
    "reconciliation.recorded": ("anew", _STATE),
    "withdrawal.requested": ("request", _BUILT_ON),
    "withdrawal.cancelled": ("anew", _WORD),
    "withdrawal.paid": ("aside", _MONEY),
    "payout.attempted": ("anew", "a provider can be asked again, under the same reference"),
    "payout.result": ("aside", "the provider may have paid"),
    "cash.counted": ("aside", _SEEN),
    "variance.posted": ("anew", _DECISION),
    "meeting.closed": ("anew", "a close would shut out what others recorded"),
    "meeting.reopened": ("anew", _DECISION),
    "entry.reversed": ("aside", _MONEY),
    "opening_balance.set": ("aside", _MONEY),
    "shareout.confirmed": ("anew", _DECISION),
    "dividend.declared": ("anew", _DECISION),
    "surplus.moved": ("anew", _DECISION),
    "tax.paid": ("aside", _MONEY),
    "rotation.started": ("request", _BUILT_ON),
    "rotation.drawn": ("anew", "whoever knows the seed reveals it again, to the same order"),
    "rotation.paid_in": ("aside", _MONEY),
    "rotation.paid_out": ("aside", _MONEY),
    "notice.sent": ("anew", "a false word would keep others from sending the message"),
    "report.shared": ("anew", _STATE),
}  # fmt: skip
"""Kind -> what becomes of it, and why."""


def how_held(kind: str) -> How:
    """What becomes of a kind; of one that a later Mkutano wrote, nothing."""
    return HELD[kind][0] if kind in HELD else "anew"


def comes_in(kind: str) -> bool:
    """Does it count when officers ratify it?"""
    return how_held(kind) in ("aside", "name")
