"""Messages that follow from the books: whom to tell what, worked out alike on every phone.

Kinds: a summary of each closed meeting (to the group, and to each member), a receipt for money, a
nudge (a loan that falls due or is late, a saving that was missed) and security (rules, officers or
what is recorded were changed: everybody hears of it). The id of a message is a hash of what it
tells of, who gets it and its kind; a phone that sends it records `notice.sent`, so that two phones
do not both send. Members get their own messages when they said that they want them, and the group's
messages name nobody. A text fits one SMS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from model.accounts import MEMBER_SAVINGS, MEMBER_SHARES
from model.agreement import meeting_of
from model.book import Book
from model.days import add_days
from model.findings import receipt
from model.goals import has_consented
from model.history import entries_in_order
from model.journal import CASH, balance, entry_page, reversed_by
from model.loan_account import loan_account
from model.members import kept_member, names_of
from model.money import format_amount
from model.notices import was_sent
from model.pages import NO_MEETING, EntryPage
from model.reckoning.account import InstalmentState
from model.reports.notice_texts import TEXTS, WHAT, Language
from model.reports.sms import fit, septets
from model.sheets import claims_once
from model.statements import meeting_sums, meeting_view
from model.stopped import is_apart
from model.views import is_withheld, members_view

NoticeKind = Literal["summary", "receipt", "nudge", "security"]
KINDS: Final[tuple[NoticeKind, ...]] = ("summary", "receipt", "nudge", "security")
GROUP: Final = "group"
CONSENT: Final = "messages"
"""The purpose of a consent that lets a member's own messages be sent (event consent.recorded)."""
ID_BYTES: Final = 16
MASKED: Final = "***"
MEETINGS_BACK: Final = 2
"""Messages are about the newest meetings; what is older was sent or is no news."""
NAME_CHARS_MAX: Final = 20
"""Of the group's name: what follows it must fit too."""
DUE_WITHIN_DAYS: Final = 31
"""A nudge is about an instalment that falls due so many days after the newest meeting."""

_IN: Final = frozenset(
    {"share.purchased", "savings.deposited", "social.contributed", "fine.paid", "loan.repaid"}
    | {"loan.recovered", "debt.collected", "rotation.paid_in"}
)
_OUT: Final = frozenset(
    {"savings.withdrawn", "social.paid_out", "loan.disbursed", "claim.paid", "rotation.paid_out"}
)
_SECURITY: Final = frozenset(
    {"officer.elected", "constitution.proposed", "constitution.adopted", "member.status_set"}
    | {"member.merged", "member.exited", "entry.reversed", "meeting.reopened"}
    | {"late_entry.accepted", "conflict.resolved", "shareout.confirmed", "loan.written_off"}
    | {"suspense.ratified", "officer.proposed"}
)


class Notice(NamedTuple):
    """One message. `id` and `event` are hex or text; `recipient` a member's hex id, or `group`.

    `septets`: its length in an SMS of 160. `sent`: some phone said that it sent it.
    """

    id: str
    kind: NoticeKind
    recipient: str
    event: str
    text: str
    septets: int
    sent: bool


class Wishes(NamedTuple):
    """What a phone wants: kinds, `masked` amounts (for phones that are shared), each language.

    `unasked`: messages also to members whom nobody asked whether they want any; without it only
    those who said yes get their own. Who said no gets none.
    """

    kinds: Collection[NoticeKind] = ("summary", "nudge", "security")
    masked: bool = False
    language_of: Callable[[str], Language] = lambda _: "en"
    unasked: bool = False


def notice_id(event: str, recipient: str, kind: str) -> str:
    """Hex id of a message: the same wherever it is worked out, another for each of the three."""
    hashed = hashlib.sha256(b"mkutano/notice/1")
    for part in (event, recipient, kind):
        hashed.update(len(part.encode()).to_bytes(4, "big"))
        hashed.update(part.encode())
    return hashed.hexdigest()[: 2 * ID_BYTES]


def notices_due(
    book: Book, wishes: Wishes | None = None, *, with_sent: bool = False
) -> list[Notice]:
    """Messages that nobody sent yet (or all of them), in an order that all phones share.

    None while an entry of a newer Mkutano withholds amounts, or before the group is described.
    """
    wished = wishes or Wishes()
    if is_withheld(book) or book.group.find("group") is None:
        return []
    writer = _Writer(book, wished)
    found: dict[str, Notice] = {}
    for kind, make in _MAKERS.items():
        if kind in wished.kinds:
            for notice in make(writer):
                found.setdefault(notice.id, notice)
    allowed = {GROUP} | {
        member
        for member in writer.members
        if (said := wants_messages(book, member)) or (said is None and wished.unasked)
    }
    return [
        notice
        for notice in found.values()
        if notice.recipient in allowed and (with_sent or not notice.sent)
    ]


def wants_messages(book: Book, member: str) -> bool | None:
    """What a member (hex id) said about messages: yes or no; None when nobody asked.

    A no under any name that the member was known by is a no.
    """
    if has_consented(book, member, CONSENT):
        return True
    asked = any(
        page.status == "counted" and not reversed_by(book, page)
        for name in names_of(book, member)
        for _, _, entry in claims_once(book, f"consent {CONSENT} {name}")
        for page in (entry_page(book, entry),)
    )
    return False if asked else None


class _Writer:
    """Fills in texts for one book."""

    def __init__(self, book: Book, wishes: Wishes) -> None:
        self.book = book
        self.wishes = wishes
        group = book.group.find("group")
        if group is None:
            raise LookupError("group")  # the caller asked before
        self._group = group
        self.meetings = sorted(
            (
                (page.held_on, key)
                for key, page in book.meetings.rows()
                if page.closes and page.held_on
            ),
            reverse=True,
        )[:MEETINGS_BACK]
        self.members = {row["id"]: row for row in members_view(book)}

    def amount(self, minor: int) -> str:
        """An amount without the currency, or stars."""
        return MASKED if self.wishes.masked else format_amount(minor, self._group.exponent)

    def notice(
        self, kind: NoticeKind, recipient: str, event: str, text: str, **values: object
    ) -> Notice:
        """One message in the recipient's language."""
        language: Language = "en" if recipient == GROUP else self.wishes.language_of(recipient)
        template = TEXTS[language][text]
        if "what" in values:
            values["what"] = WHAT[language][str(values["what"])]
        written = fit(
            template.format(
                group=self._group.name[:NAME_CHARS_MAX], currency=self._group.currency, **values
            )
        )
        name = notice_id(event, recipient, text)
        return Notice(
            name, kind, recipient, event, written, septets(written), was_sent(self.book, name)
        )


def _event_of(book: Book, key: tuple[int, int]) -> str:
    """What a summary tells of: the meeting, and how often it was opened again."""
    page = book.meetings.find(key)
    again = len(set(page.closings) - set(page.closes)) if page else 0
    return f"meeting {key[0]}/{key[1]}/{again}"


def _summaries(writer: _Writer) -> Iterator[Notice]:
    book = writer.book
    cash = sum(balance(book, account) for account in CASH)
    for held_on, key in writer.meetings:
        event = _event_of(book, key)
        meeting = meeting_view(book, *key)
        totals, register = meeting["totals"], meeting["register"]
        came = sum(status in ("present", "late") for status in register.values())
        active = sum(row["status"] == "active" for row in writer.members.values())
        yield writer.notice(
            "summary", GROUP, event, "summary_group" if register else "summary_unmarked",
            session=key[1], day=held_on, came=came, members=max(active, len(register)),
            saved=writer.amount(totals["savings_minor"] + totals["voluntary_minor"]),
            social=writer.amount(totals["social_minor"]),
            repaid=writer.amount(totals["repaid_minor"]),
            lent=writer.amount(totals["lent_minor"]),
            cash=writer.amount(cash),
        )  # fmt: skip
        for member, sums in meeting_sums(book, *key).items():
            yield _member_summary(writer, member, (event, key[1], held_on), sums)


def _member_summary(
    writer: _Writer, member: str, about: tuple[str, int, str], sums: Mapping[str, Any]
) -> Notice:
    event, session, held_on = about
    row = writer.members[member]
    owes = row["outstanding_loan"] + row["outstanding_interest"] + row["fines_due"]
    held = (MEMBER_SHARES, MEMBER_SAVINGS)
    return writer.notice(
        "summary", member, event, "summary_member",
        session=session, day=held_on,
        saved=writer.amount(sums["savings_minor"] + sums["voluntary_minor"]),
        social=writer.amount(sums["social_minor"]),
        repaid=writer.amount(sums["repaid_minor"]),
        holds=writer.amount(-sum(balance(writer.book, account, member) for account in held)),
        owes=writer.amount(owes),
    )  # fmt: skip


def _recent(writer: _Writer) -> Iterator[tuple[str, EntryPage, tuple[int, int]]]:
    """Entries of the newest meetings, and what was recorded apart from all meetings since."""
    book = writer.book
    everything = entries_in_order(book)
    newest = sorted(((page.held_on, key) for key, page in book.meetings.rows()), reverse=True)[
        :MEETINGS_BACK
    ]
    keys = {key for _, key in newest}
    since = next(
        (at for at, (_, page) in enumerate(everything) if (page.cycle, page.session) in keys),
        len(everything),
    )
    for at, (name, page) in enumerate(everything):
        key = meeting_of(book, name, page)
        if key in keys or (page.cycle == NO_MEETING and at >= since):
            yield name, page, key


def _receipts(writer: _Writer) -> Iterator[Notice]:
    book = writer.book
    for name, page, key in _recent(writer):
        if page.kind not in _IN and page.kind not in _OUT:
            continue
        loan = book.loans.find(page.subject)
        member = loan.member if loan is not None else page.member or page.subject
        meeting = book.meetings.find(key)
        moved = page.status == "counted" and not reversed_by(book, page)
        if moved and meeting is not None and member in writer.members:
            yield writer.notice(
                "receipt", member, name, "receipt_in" if page.kind in _IN else "receipt_out",
                amount=writer.amount(page.amount), what=page.kind, day=meeting.held_on,
                receipt=receipt(name),
            )  # fmt: skip


def _nudges(writer: _Writer) -> Iterator[Notice]:
    if not writer.meetings:
        return
    today, key = writer.meetings[0]
    horizon = (today, add_days(today, DUE_WITHIN_DAYS))
    for name, _ in writer.book.open_loans.rows():
        loan = writer.book.loans.find(name)
        account = loan_account(writer.book, name, loan, today) if loan is not None else None
        if loan is not None and account is not None:
            member = kept_member(writer.book, loan.member)
            yield from _nudges_of_loan(writer, (name, member), account.instalments, horizon)
    meeting = meeting_view(writer.book, *key)
    saved = {
        entry["member"]
        for entry in meeting["entries"]
        if entry["kind"] in ("share.purchased", "savings.deposited")
        and entry["status"] == "counted"
    }
    for member, row in sorted(writer.members.items()):
        if row["status"] == "active" and row["joined_on"] <= today and member not in saved:
            yield writer.notice(
                "nudge", member, f"meeting {key[0]}/{key[1]}", "saving_missed",
                session=key[1], day=today,
            )  # fmt: skip


def _nudges_of_loan(
    writer: _Writer,
    loan: tuple[str, str],
    instalments: Iterable[InstalmentState],
    horizon: tuple[str, str],
) -> Iterator[Notice]:
    """One message about what is late, or else about the next instalment that falls due."""
    (name, member), (today, until) = loan, horizon
    late, oldest = 0, ""
    for row in instalments:
        if not row.owed_minor:
            continue
        if row.due_on < today:
            late, oldest = late + row.owed_minor, oldest or row.due_on
        elif not late and row.due_on <= until:
            yield writer.notice(
                "nudge", member, f"{name} {row.due_on}", "loan_due",
                amount=writer.amount(row.owed_minor), due=row.due_on,
            )  # fmt: skip
            return
    if late:
        yield writer.notice(
            "nudge", member, f"{name} {oldest} {today}", "loan_late",
            amount=writer.amount(late), due=oldest,
        )  # fmt: skip


def _security(writer: _Writer) -> Iterator[Notice]:
    for name, page, _ in _recent(writer):
        if is_apart(page):
            continue  # nothing follows from it
        if page.kind in _SECURITY and page.status in ("counted", "suspense"):
            yield writer.notice(
                "security", GROUP, name, "security", what=page.kind, receipt=receipt(name)
            )


_MAKERS: Final[Mapping[NoticeKind, Callable[[_Writer], Iterator[Notice]]]] = {
    "summary": _summaries,
    "receipt": _receipts,
    "nudge": _nudges,
    "security": _security,
}
