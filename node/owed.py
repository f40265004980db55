"""Savings beside shares, fines that are waived, what is given back and what is collected.

Each says what stands afterwards. What is not there is refused before anything is signed, unless it
really happened (`anyway`): then it counts and is shown as a finding.
"""

from typing import Literal

from model import events as e
from model.fine_ledger import is_waived
from model.identifiers import receipt_code
from model.journal import balance, entry_page, reversed_by
from model.members import names_of
from model.payables import owed_by, owed_to
from node import desk
from node.errors import CommandRefused
from node.member_facts import goal_line
from node.recording import Context, Receipt, decided, in_meeting, record

Claim = Literal["overpayment", "shareout", "former_member"]


def _refuse(at: Context, sentence: str, code: str) -> None:
    if not at.anyway:
        raise CommandRefused(
            f"{sentence} Nothing was recorded. If it really happened, record it again with "
            "--anyway.",
            code,
        )


def deposit(
    at: Context, member: str, paid: str, channel: e.Channel = "box", source: e.Source = ""
) -> Receipt:
    """A member puts money aside beside the shares."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    amount_minor = desk.amount(at.group, paid)
    line = desk.next_line(at.group.book, where, one.id.hex(), "savings.deposited")
    event = e.SavingsDeposited(*where, one.id, amount_minor, line, channel, source)
    what = f"{desk.called(one)} saved {desk.money(at.group, amount_minor)} beside the shares"
    done = record(at, event, f"{what}{in_meeting(where)}.")
    return done._replace(sentence=done.sentence + goal_line(at, one))


def withdraw(at: Context, member: str, amount: str, channel: e.Channel = "box") -> Receipt:
    """A member takes voluntary savings back, in cash."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    amount_minor = desk.amount(at.group, amount)
    there = -balance(at.group.book, "2020", one.id.hex())
    if amount_minor > there:
        has = desk.money(at.group, max(0, there))
        _refuse(at, f"{desk.called(one)} has {has} of voluntary savings.", "source_too_small")
    line = desk.next_line(at.group.book, where, one.id.hex(), "savings.withdrawn")
    event = e.SavingsWithdrawn(*where, one.id, amount_minor, line, channel)
    what = f"{desk.called(one)} took back {desk.money(at.group, amount_minor)} of savings"
    left = desk.money(at.group, there - amount_minor)
    return record(at, event, f"{what}{in_meeting(where)}; {left} are left.")


def waive_fine(at: Context, receipt: str = "", member: str = "", reason: str = "") -> Receipt:
    """Propose to let a member off a fine: by its receipt, or a member's only fine."""
    where = desk.meeting(at.group, at.meeting)
    if receipt:
        fine, page = desk.entry(at.group, receipt)
        if page.kind not in ("fine.levied", "opening_balance.set"):
            raise CommandRefused(f"Entry {receipt} is no fine. Nothing was recorded.", "no_fine")
    elif member:
        fine = _only_fine(at, desk.member(at.group, member))
        page = entry_page(at.group.book, fine.hex())
    else:
        raise CommandRefused("Which fine? Say --receipt or --member.", "incomplete")
    event = e.FineWaived(fine, *where, reason)
    what = f"The fine of {desk.money(at.group, page.amount)} ({receipt_code(fine)}) need not be"
    return decided(at, event, f"{what} paid.")


def _only_fine(at: Context, one: desk.Member) -> bytes:
    """The one fine of a member that counts; refused when there are several or none."""
    book = at.group.book
    fines = [
        entry.id
        for key, _ in book.meetings.rows()
        for name in names_of(book, one.id.hex())
        for entry in desk.recorded(book, key, name, "fine.levied")
        if entry.page.status == "counted" and not reversed_by(book, entry.page)
        if not is_waived(book, entry.page)
    ]
    if len(fines) == 1:
        return bytes.fromhex(fines[0])
    if not fines:
        raise CommandRefused(f"{desk.called(one)} has no fine that could be waived.", "no_fine")
    several = ", ".join(receipt_code(bytes.fromhex(name)) for name in fines[-8:])
    raise CommandRefused(
        f"{desk.called(one)} has several fines: {several}. Say which with --receipt.", "which_fine"
    )


def refund(
    at: Context,
    member: str,
    amount: str = "",
    claim: Claim = "overpayment",
    channel: e.Channel = "box",
) -> Receipt:
    """The group gives back what it owes a member: everything, unless an amount is said."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    there = max(0, owed_to(at.group.book, one.id.hex(), claim))
    if not amount and not there:
        raise CommandRefused(
            f"Nothing is owed to {desk.called(one)}. Nothing was recorded.", "nothing_owed"
        )
    amount_minor = desk.amount(at.group, amount) if amount else there
    if amount_minor > there:
        owed = desk.money(at.group, there)
        _refuse(at, f"{desk.called(one)} is owed {owed}.", "claim_too_large")
    line = desk.next_line(at.group.book, where, one.id.hex(), "claim.paid")
    event = e.ClaimPaid(*where, one.id, claim, amount_minor, line, channel)
    what = f"{desk.called(one)} was given back {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def collect_debt(at: Context, member: str, amount: str = "", channel: e.Channel = "box") -> Receipt:
    """A member pays a debt that a share-out or an exit left: all of it, unless said."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    debt = max(0, owed_by(at.group.book, one.id.hex()))
    if not amount and not debt:
        raise CommandRefused(
            f"{desk.called(one)} owes nothing from a share-out or an exit. Nothing was recorded. "
            "What is owed on a loan is paid with: mkutano record repayment",
            "no_debt",
        )
    amount_minor = desk.amount(at.group, amount) if amount else debt
    if amount_minor > debt:
        owed = desk.money(at.group, debt)
        what = f"The debt of {desk.called(one)} from a share-out or an exit is {owed}."
        _refuse(at, what, "debt_overpaid")
    line = desk.next_line(at.group.book, where, one.id.hex(), "debt.collected")
    event = e.DebtCollected(*where, one.id, amount_minor, line, channel)
    what = f"{desk.called(one)} paid {desk.money(at.group, amount_minor)} of the debt"
    return record(at, event, f"{what}{in_meeting(where)}.")
