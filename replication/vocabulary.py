"""Templates and words that nearly every bundle needs, so that none has to spell them out.

This package doesn't know what they mean: they are bytes that both ends have beforehand. What
isn't here travels spelled out and costs a few bytes more, so events may change freely. The order
is part of the bundle format: a change here is a new `bundle.VERSION`.
"""

from typing import NamedTuple

TYPES = "itbo"
"""What a column holds: integers, texts, byte strings, other items."""


class Template(NamedTuple):
    """What many events share: how they begin, and the type of each further field."""

    compartment: int
    kind: str
    version: int
    types: str
    """A letter of `TYPES` for each field."""


TEMPLATES = (
    Template(1, "attendance.marked", 1, "iibt"),
    Template(1, "share.purchased", 1, "iibiiit"),
    Template(1, "social.contributed", 1, "iibiit"),
    Template(1, "loan.repaid", 1, "iibiitt"),
    Template(1, "fine.levied", 1, "iibti"),
    Template(1, "fine.paid", 1, "iibiit"),
    Template(1, "loan.applied", 1, "iibitii"),
    Template(1, "loan.approved", 1, "iibitiitit"),
    Template(1, "loan.disbursed", 1, "iibit"),
    Template(1, "meeting.opened", 1, "iit"),
    Template(1, "meeting.closed", 1, "iioiiiiii"),
    Template(1, "cash.counted", 1, "iitti"),
    Template(1, "social.paid_out", 1, "iibitit"),
    Template(1, "expense.paid", 1, "iititi"),
    Template(1, "transfer.made", 1, "iittiit"),
    Template(1, "entry.reversed", 1, "iibt"),
    Template(1, "member.added", 1, "itbb"),
    Template(2, "person.sealed", 1, "bbbb"),
    Template(1, "member.status_set", 1, "btt"),
    Template(1, "officer.elected", 1, "tbb"),
    Template(1, "opening_balance.set", 1, "btiit"),
    Template(1, "cycle.opened", 1, "itt"),
    Template(1, "constitution.adopted", 1, "iiiiiiititttio"),
    Template(1, "group.described", 1, "ttit"),
    Template(0, "device.enrolled", 1, "bbtt"),
    Template(0, "founding.ended", 1, ""),
)

WORDS = (
    "present", "late", "absent", "excused", "representative", "box", "social", "bank", "mobile",
    "", "flat", "reducing", "month", "week", "half_even", "open", "close", "spot", "active",
    "suspended", "inactive", "chairperson", "secretary", "treasurer", "money_counter",
    "key_holder", "savings", "loan", "fines", "loan_fund", "social_fund", "write", "read", "pull",
)  # fmt: skip
