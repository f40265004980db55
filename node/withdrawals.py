"""Paying out by name: a request that officers agree to, then cash or a provider, once.

An attempt to pay by a provider is named after the receipt of its request, so that two phones that
try the same payment try it under one reference, and the provider pays it once.
"""

from typing import Literal, get_args

from model import events as e
from model.fund_pages import WithdrawalPage
from model.identifiers import receipt_code
from model.references import thing_named
from model.reserves import free_minor
from model.withdrawals import OF_MEMBER, REQUESTED, request_thing
from node import desk
from node.errors import CommandRefused
from node.funds import Provided, free_line
from node.recording import Context, Receipt, decided, in_meeting, record

Purpose = Literal["savings", "overpayment", "shareout", "former_member", "social", "expense"]
PURPOSES: tuple[str, ...] = get_args(Purpose)
Status = Literal["success", "failed", "unknown"]


def request_withdrawal(
    at: Context,
    amount: str,
    purpose: Purpose = "savings",
    member: str = "",
    payee: str = "",
    reason: str = "",
    expires_on: str = "",
    pocket: e.Channel = "box",
) -> Receipt:
    """Ask officers to agree to a payment."""
    where = desk.meeting(at.group, at.meeting)
    one = desk.member(at.group, member) if member else None
    if one is None and purpose in OF_MEMBER:
        raise CommandRefused("Whose money is it? Give --member.", "incomplete")
    if one is None and not payee:
        raise CommandRefused("Who is to get it? Give --member or --payee.", "incomplete")
    amount_minor, whom = desk.amount(at.group, amount), one.id if one else b""
    line = free_line(at.group.book, lambda n: request_thing(*where, n, purpose, whom.hex(), payee))
    day = desk.day(expires_on) if expires_on else ""
    event = e.WithdrawalRequested(
        *where, amount_minor, purpose, whom, payee, reason, day, line, pocket
    )
    free = free_minor(at.group.book, pocket)
    short = ""
    if amount_minor > free:
        short = f" The pocket “{pocket}” has {desk.money(at.group, max(0, free))} that is free."
    called = desk.called(one) if one else payee
    what = f"{desk.money(at.group, amount_minor)} for {called} ({purpose.replace('_', ' ')})"
    return decided(at, event, f"{what} is asked for.{short}")


def request_said(at: Context, receipt: str) -> tuple[bytes, WithdrawalPage]:
    """The request with this receipt."""
    entry, _ = desk.entry(at.group, receipt)
    thing = thing_named(at.group.book, entry, REQUESTED)
    page = at.group.book.withdrawals.find(thing) if thing else None
    if page is None:
        raise CommandRefused(
            f"{receipt_code(entry)} is no request to pay out. See them with: mkutano funds",
            "unknown_fund",
        )
    return entry, page


def _require_agreed(at: Context, page: WithdrawalPage) -> None:
    """Refuse what officers did not agree to, or what is paid, unless it happened."""
    if page.state == "approved" or at.anyway:
        return
    why = {
        "waiting": "The officers have not agreed to it yet. Agree with: mkutano approve "
        f"{_code(page)}.",
        "declined": "An officer declined it.",
        "cancelled": "It was cancelled.",
        "paid": "It was paid already.",
    }.get(page.state, "It does not stand.")
    raise CommandRefused(
        f"{why} Nothing was recorded. If the money was really paid, record it again with --anyway.",
        f"request_{page.state}",
    )


def _code(page: WithdrawalPage) -> str:
    return receipt_code(bytes.fromhex(page.entry))


def pay_withdrawal(at: Context, receipt: str, channel: str = "") -> Receipt:
    """The money of a request is handed over in cash."""
    where = desk.meeting(at.group, at.meeting)
    entry, page = request_said(at, receipt)
    _require_agreed(at, page)
    pocket: e.Channel = channel or page.pocket  # type: ignore[assignment]  # the caller chose it
    event = e.WithdrawalPaid(entry, *where, pocket)
    what = f"{desk.money(at.group, page.amount_minor)} was paid out"
    return record(at, event, f"{what}{in_meeting(where)}.")


def cancel_withdrawal(at: Context, receipt: str, reason: str = "") -> Receipt:
    """A request is no longer wanted."""
    where = desk.meeting(at.group, at.meeting)
    entry, page = request_said(at, receipt)
    event = e.WithdrawalCancelled(entry, *where, reason)
    return record(at, event, f"The request of {desk.money(at.group, page.amount_minor)} is over.")


def attempt_payout(
    at: Context, receipt: str, provider: str, channel: Provided = "mobile", client_ref: str = ""
) -> Receipt:
    """A provider is asked to pay; one that failed is tried again under its own reference."""
    where = desk.meeting(at.group, at.meeting)
    entry, page = request_said(at, receipt)
    _require_agreed(at, page)
    ref = client_ref.strip() or (page.attempts[-1] if page.attempts else f"{_code(page)}-1")
    attempt = at.group.book.attempts.find(ref)
    if attempt is not None and attempt.state == "unknown" and not at.anyway:
        raise CommandRefused(
            f"The provider has not answered attempt {ref} yet. Ask the provider first, and record "
            "the answer. To send the same attempt once more, use --anyway.",
            "payout_unknown",
        )
    event = e.PayoutAttempted(entry, ref, provider, *where, channel)
    what = f"{provider} is asked to pay {desk.money(at.group, page.amount_minor)}"
    return record(at, event, f"{what}, under the reference {ref}.")


def note_result(
    at: Context,
    receipt: str,
    status: Status,
    client_ref: str = "",
    provider_ref: str = "",
    fee: str = "",
    message: str = "",
) -> Receipt:
    """What the provider says of an attempt."""
    where = desk.meeting(at.group, at.meeting)
    entry, page = request_said(at, receipt)
    ref = client_ref.strip() or (page.attempts[0] if len(page.attempts) == 1 else "")
    if not ref:
        several = ", ".join(page.attempts) or "none was tried"
        raise CommandRefused(f"Which attempt? Give --attempt ({several}).", "which_attempt")
    fee_minor = desk.amount_or_zero(at.group, fee) if fee else 0
    event = e.PayoutResult(entry, ref, status, *where, provider_ref.strip(), fee_minor, message)
    told = {
        "success": f"{desk.money(at.group, page.amount_minor)} was paid (attempt {ref}).",
        "failed": f"Attempt {ref} failed; try it again under the same reference.",
        "unknown": f"Nobody knows yet whether attempt {ref} was paid; ask the provider.",
    }
    return record(at._replace(anyway=True), event, told[status])
