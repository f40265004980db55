"""The end of a cycle by name: share-out, dividend, reserve, a member who leaves, the cycle closed.

What is worked out is shown before it is recorded, and what is recorded are the same figures. A
share-out, a dividend and a settlement wait until officers agree; then what members are owed is
paid: first their loans and fines out of it, the rest in cash.
"""

from typing import Literal, get_args

from model import events as e
from model.accounts import SHAREOUT_PAYABLE
from model.cycles import open_cycles
from model.dividend_preview import DividendPreview, declared
from model.events.members import MemberExited
from model.exit_preview import ExitPreview, Reason, preview_exit, settled
from model.journal import FINES_DUE, balance
from model.members import loans_of
from model.reckoning.dividends import DividendError
from model.reckoning.settlement import SettlementError
from model.reckoning.shareout_terms import ShareOutError
from model.shareout_preview import Preview, committed
from model.shareouts import shareout_of
from model.surplus import FUNDS
from model.views import loans_view
from node import desk
from node.errors import CommandRefused
from node.plan import Plan
from node.recording import Context, Receipt, decided, done, in_meeting, record

DividendKind = Literal["dividend", "interest", "bonus"]
ShareoutOf = Literal["surplus", "reserve", "social_fund"]


def close_cycle(at: Context, cycle: int = 0, date: str = "") -> Receipt:
    """Propose to end a cycle; the one that is open unless said."""
    book = at.group.book
    still_open = open_cycles(book)
    if not cycle:
        if len(still_open) != 1:
            listed = ", ".join(map(str, still_open)) or "none"
            raise CommandRefused(f"Which cycle? Open are: {listed}. Say --cycle.", "which_cycle")
        cycle = still_open[0]
    _require_closed(at, cycle)
    days = [page.held_on for key, page in book.meetings.rows() if key[0] == cycle]
    closed_on = desk.day(date or max(days, default=""))
    event = e.CycleClosed(cycle, closed_on, _shareout(at, cycle))
    return decided(at, event, f"Cycle {cycle} ends on {closed_on}.")


def _require_closed(at: Context, cycle: int) -> None:
    """Refuse while meetings of the cycle are open, and name them."""
    still_open = [where for where in desk.open_meetings(at.group) if where[0] == cycle]
    if still_open:
        sessions = ", ".join(str(session) for _, session in still_open)
        one = len(still_open) == 1
        raise CommandRefused(
            f"Nothing was recorded. Meeting{'s' * (not one)} {sessions} of cycle {cycle} "
            f"{'is' if one else 'are'} open. Close {'it' if one else 'them'} first: "
            f"mkutano record close {f'--meeting {sessions} --cycle {cycle}' if one else '--all'}",
            "meeting_still_open",
        )


def _shareout(at: Context, cycle: int) -> bytes:
    return bytes.fromhex(shareout_of(at.group.book, cycle))


def confirm_shareout(at: Context, preview: Preview, digest: str = "") -> Receipt:
    """Declare the share-out that was previewed; `digest` refuses it if the figures changed."""
    where = desk.meeting(at.group, at.meeting)
    if where[0] != preview.cycle:
        raise CommandRefused(
            f"The share-out is of cycle {preview.cycle}, the open meeting is of cycle {where[0]}.",
            "other_cycle",
        )
    result = preview.result
    if digest and not result.digest.startswith(digest.strip().lower()):
        raise CommandRefused(
            "The figures have changed since that preview. Look at them again with: mkutano "
            "shareout preview",
            "figures_changed",
        )
    total = desk.money(at.group, result.gross_minor + result.welfare_minor)
    sentence = f"The share-out of cycle {preview.cycle} gives {total} to {len(result.rows)} members"
    return decided(at, committed(preview, where[1]), f"{sentence}.")


def pay_what_is_owed(
    at: Context, member: str = "", channel: e.Channel = "box", in_cash: bool = True
) -> Receipt:
    """Pay members what a share-out, dividend or exit owes them: loans, then fines, then cash."""
    where = desk.meeting(at.group, at.meeting)
    members = [desk.member(at.group, member)] if member else desk.members(at.group)
    plan = Plan(at.group)
    netted = cash = paid = 0
    for one in members:
        owed = -balance(at.group.book, SHAREOUT_PAYABLE, one.id.hex())
        if owed <= 0:
            continue
        left = _net(at, plan, where, one, owed)
        netted += owed - left
        if left and in_cash:
            line = desk.next_line(at.group.book, where, one.id.hex(), "claim.paid")
            plan.add(e.ClaimPaid(*where, one.id, "shareout", left, line, channel))
            cash += left
        paid += 1
    if not plan.events:
        raise CommandRefused(
            "Nobody is owed anything. A share-out is paid after officers agreed to it: see "
            "mkutano findings",
            "nothing_owed",
        )
    parts = [
        f"{desk.money(at.group, amount)} {how}"
        for amount, how in ((netted, "paid loans and fines"), (cash, "was paid out in cash"))
        if amount
    ]
    what = f"{paid} member{'s' * (paid != 1)}: {', '.join(parts)}"
    return done(at, plan, f"{what}{in_meeting(where)}.")


def reinvest(at: Context, member: str, shares: int) -> Receipt:
    """A member buys shares of the next cycle out of what the share-out owes, without cash."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    amount_minor = shares * desk.terms(at.group.book).share_value_minor
    owed = -balance(at.group.book, SHAREOUT_PAYABLE, one.id.hex())
    if amount_minor > owed:
        raise CommandRefused(
            f"{desk.called(one)} is owed {desk.money(at.group, max(0, owed))}, and these shares "
            f"cost {desk.money(at.group, amount_minor)}. Take fewer, or pay the rest in cash with: "
            "mkutano record contribution",
            "owed_too_little",
        )
    line = desk.next_line(at.group.book, where, one.id.hex(), "share.purchased")
    event = e.SharePurchased(*where, one.id, shares, amount_minor, line, source="payable")
    what = f"{desk.called(one)} left {desk.money(at.group, amount_minor)} in for {shares} share"
    return record(at, event, f"{what}{'s' * (shares != 1)}{in_meeting(where)}.")


def _net(at: Context, plan: Plan, where: desk.Meeting, one: desk.Member, owed: int) -> int:
    """Pay loans, the oldest first, and fines out of what is owed; what is left of it."""
    book, left = at.group.book, owed
    rows = {row["id"]: row for row in loans_view(book)}
    for name in loans_of(book, one.id.hex()):
        due = min(left, _owed_on(rows.get(name, {})))
        if due > 0:
            line = desk.next_line(book, where, name, "loan.repaid")
            plan.add(e.LoanRepaid(*where, bytes.fromhex(name), due, line, source="payable"))
            left -= due
    fines = min(left, max(0, balance(book, FINES_DUE, one.id.hex())))
    if fines:
        line = desk.next_line(book, where, one.id.hex(), "fine.paid")
        plan.add(e.FinePaid(*where, one.id, fines, line, source="payable"))
        left -= fines
    return left


def _owed_on(row: dict[str, object]) -> int:
    """Everything that is to be paid on a loan."""
    buckets = ("principal", "interest", "fee", "penalty")
    amounts = (row.get(f"{bucket}_outstanding_minor") for bucket in buckets)
    return sum(amount for amount in amounts if isinstance(amount, int))


def declare_dividend(
    at: Context, preview: DividendPreview, kind: DividendKind, to: Literal["payable", "savings"]
) -> Receipt:
    """Declare the dividend that was previewed."""
    where = desk.meeting(at.group, at.meeting)
    try:
        event = declared(preview._replace(cycle=where[0]), where[1], kind, to)
    except DividendError as error:
        raise CommandRefused(str(error), "no_dividend") from error
    net = desk.money(at.group, preview.result.net_minor)
    tax = preview.result.tax_minor
    withheld = f", {desk.money(at.group, tax)} of tax withheld" if tax else ""
    members = len(event.rows)
    sentence = f"A {kind} of {net} goes to {members} member{'s' * (members != 1)}{withheld}"
    return decided(at, event, f"{sentence}.")


def move_surplus(at: Context, source: str, target: str, amount: str, reason: str = "") -> Receipt:
    """Set part of the surplus aside as a reserve or for the social fund, or bring it back."""
    where = desk.meeting(at.group, at.meeting)
    one, other = _fund(source), _fund(target)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, f"{one}-{other}", "surplus.moved")
    event = e.SurplusMoved(*where, one, other, amount_minor, line, reason)
    names = [name.replace("_", " ") for name in (one, other)]
    what = f"{desk.money(at.group, amount_minor)} goes from the {names[0]} to the {names[1]}"
    return decided(at, event, f"{what}.")


def _fund(said: str) -> ShareoutOf:
    word = said.strip().lower().replace("-", "_").replace(" ", "_")
    for fund in get_args(ShareoutOf):
        if fund == word:
            found: ShareoutOf = fund
            return found
    raise CommandRefused(f"“{said}” is no fund. It is one of: {', '.join(FUNDS)}.", "choice")


def pay_tax(at: Context, amount: str, channel: e.Channel = "box", reference: str = "") -> Receipt:
    """Pass on tax that was withheld from dividends."""
    where = desk.meeting(at.group, at.meeting)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, "tax", "tax.paid")
    event = e.TaxPaid(*where, amount_minor, line, channel, reference.strip())
    what = f"{desk.money(at.group, amount_minor)} of withheld tax was passed on"
    return record(at, event, f"{what}{in_meeting(where)}.")


def exit_worked_out(
    at: Context, member: str, reason: str = "left", channel: e.Channel = "box", nominee: str = ""
) -> ExitPreview:
    """What a member who leaves now takes along."""
    one = desk.member(at.group, member)
    newest = at.group.book.latest.find("meeting") or (0, 0)
    try:
        return preview_exit(
            at.group.book, one.id.hex(), newest[0], reason_of(reason), channel, nominee
        )
    except (SettlementError, ShareOutError) as error:
        raise CommandRefused(str(error), "no_settlement") from error


def reason_of(said: str) -> Reason:
    """Why a member leaves, as an event has it."""
    word = said.strip().lower() or "left"
    for reason in get_args(Reason):
        if reason == word:
            found: Reason = reason
            return found
    raise CommandRefused(
        f"“{said}” is no reason to leave. It is one of: {', '.join(get_args(Reason))}.", "choice"
    )


def settle_exit(
    at: Context, member: str, reason: str = "left", channel: e.Channel = "box", nominee: str = ""
) -> Receipt:
    """Settle with a member who leaves: shares and savings back, less what is owed and the fee."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    preview = exit_worked_out(at, member, reason, channel, nominee)
    event = settled(preview, where, reason_of(reason), channel, nominee)
    return decided(at, event, _told(at, one, event, preview))


def _told(at: Context, one: desk.Member, event: MemberExited, preview: ExitPreview) -> str:
    sums = preview.settlement
    parts = [
        f"{desk.called(one)} leaves with {desk.money(at.group, sums.entitlement_minor)}",
        f"{desk.money(at.group, event.netted_minor)} pay loans and fines"
        if event.netted_minor
        else "",
        f"{desk.money(at.group, event.fee_minor)} is the exit fee" if event.fee_minor else "",
        f"{desk.money(at.group, event.paid_minor)} is paid out" if event.paid_minor else "",
        f"{desk.money(at.group, sums.payable_minor)} stays owed" if sums.payable_minor else "",
        f"{desk.money(at.group, sums.debt_minor)} of debt remains" if sums.debt_minor else "",
    ]
    told = f"{'; '.join(filter(None, parts))}."
    if not event.netted_minor:
        return told
    return f"{told} Then record what pays the loans: mkutano shareout pay --member {one.number}."
