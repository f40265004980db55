"""Money of a meeting that is no loan: shares, social fund, fines, expenses, transfers, counts."""

from model import events as e
from model.counts import compared_counts
from model.identifiers import receipt_code
from node import desk
from node.errors import CommandRefused
from node.member_facts import goal_line
from node.recording import Context, Receipt, in_meeting, record, with_excess


def buy_shares(
    at: Context,
    member: str,
    paid: str = "",
    shares: int = 0,
    channel: e.Channel = "box",
    source: e.Source = "",
) -> Receipt:
    """A member buys shares: say the money, the number of shares, or both."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    value_minor = desk.terms(at.group.book).share_value_minor
    amount_minor = desk.amount(at.group, paid) if paid else shares * value_minor
    if not shares:
        shares, rest = divmod(amount_minor, value_minor)
        if rest or not shares:
            raise CommandRefused(
                f"{desk.money(at.group, amount_minor)} does not buy whole shares; one costs "
                f"{desk.money(at.group, value_minor)}.",
                "no_whole_shares",
            )
    line = desk.next_line(at.group.book, where, one.id.hex(), "share.purchased")
    event = e.SharePurchased(*where, one.id, shares, amount_minor, line, channel, source)
    what = f"{shares} share{'s' * (shares != 1)} for {desk.money(at.group, amount_minor)}"
    done = record(at, event, f"{desk.called(one)} bought {what}{in_meeting(where)}.")
    return done._replace(sentence=done.sentence + goal_line(at, one))


def pay_social(at: Context, member: str, paid: str, channel: e.Channel = "social") -> Receipt:
    """A member pays into the social fund."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    amount_minor = desk.amount(at.group, paid)
    line = desk.next_line(at.group.book, where, one.id.hex(), "social.contributed")
    event = e.SocialContributed(*where, one.id, amount_minor, line, channel)
    what = f"{desk.money(at.group, amount_minor)} into the social fund"
    return record(at, event, f"{desk.called(one)} paid {what}{in_meeting(where)}.")


def help_from_social(
    at: Context,
    amount: str,
    reason: str,
    member: str = "",
    channel: e.Channel = "social",
    payee: str = "",
) -> Receipt:
    """The social fund helps a member, or someone outside the group: then `payee` says whom."""
    where = desk.meeting(at.group, at.meeting)
    one = desk.member(at.group, member) if member else None
    amount_minor = desk.amount(at.group, amount)
    subject = one.id if one else b""
    line = desk.next_line(at.group.book, where, subject.hex(), "social.paid_out")
    event = e.SocialPaidOut(*where, subject, amount_minor, reason, line, channel, payee)
    whom = payee or (desk.called(one) if one else "someone outside the group")
    what = f"The social fund helped {whom} with {desk.money(at.group, amount_minor)}"
    return record(at, event, f"{what}{in_meeting(where)}.")


OTHER = "other"
"""Code of a fine, or category of an expense, that nobody named."""


def levy_fine(at: Context, member: str, code: str = "", amount: str = "") -> Receipt:
    """A member owes a fine; its amount is the constitution's unless given."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    known = desk.terms(at.group.book).fines
    if not amount and code not in known:
        codes = ", ".join(sorted(known)) or "none"
        sentence = f"Which fine? Give its code (the constitution has: {codes}), or an amount."
        if code:
            sentence = (
                f"The constitution has no fine “{code[:40]}” (it has: {codes}). Give an amount."
            )
        raise CommandRefused(sentence, "unknown_fine")
    code = code or OTHER
    amount_minor = desk.amount(at.group, amount) if amount else known[code]
    event = e.FineLevied(*where, one.id, code, amount_minor)
    what = f"a fine of {desk.money(at.group, amount_minor)} ({code.replace('_', ' ')})"
    return record(at, event, f"{desk.called(one)} owes {what}{in_meeting(where)}.")


def pay_fine(
    at: Context, member: str, paid: str, channel: e.Channel = "box", source: e.Source = ""
) -> Receipt:
    """A member pays on fines that are due."""
    where, one = desk.meeting(at.group, at.meeting), desk.member(at.group, member)
    amount_minor = desk.amount(at.group, paid)
    line = desk.next_line(at.group.book, where, one.id.hex(), "fine.paid")
    event = e.FinePaid(*where, one.id, amount_minor, line, channel, source)
    told = f"{desk.called(one)} paid {desk.money(at.group, amount_minor)} of fines"
    return with_excess(at, record(at, event, f"{told}{in_meeting(where)}."))


def pay_expense(
    at: Context,
    category: str,
    amount: str,
    pocket: e.Channel = "box",
    payee: str = "",
    fund: e.Fund = "loan_fund",
    note: str = "",
) -> Receipt:
    """The group spends money on itself; `fund`: whose money it is."""
    where = desk.meeting(at.group, at.meeting)
    amount_minor, category = desk.amount(at.group, amount), category or OTHER
    line = desk.next_line(at.group.book, where, category, "expense.paid")
    event = e.ExpensePaid(*where, category, amount_minor, pocket, line, payee, fund, note)
    for_what = "" if category == OTHER else f" on {category.replace('_', ' ')}"
    whose = "social fund" if fund == "social_fund" else "group"
    to = f", to {payee}" if payee else ""
    what = f"The {whose} spent {desk.money(at.group, amount_minor)}{for_what}{to}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def transfer(
    at: Context, source: e.Channel, target: e.Channel, amount: str, reference: str = ""
) -> Receipt:
    """Money moves between the group's own pockets."""
    if source == target:
        raise CommandRefused("Money can't move from a pocket to itself.", "same_pocket")
    where = desk.meeting(at.group, at.meeting)
    amount_minor = desk.amount(at.group, amount)
    line = desk.next_line(at.group.book, where, f"{source}-{target}", "transfer.made")
    event = e.TransferMade(*where, source, target, amount_minor, line, reference.strip())
    what = f"{desk.money(at.group, amount_minor)} went from {source} to {target}"
    return record(at, event, f"{what}{in_meeting(where)}.")


def count_cash(
    at: Context,
    pocket: e.Channel,
    counted: str,
    moment: e.Moment = "spot",
    coins: str = "",
    counted_by: str = "",
    comment: str = "",
) -> Receipt:
    """Money was counted; a difference from the books is shown, never corrected by itself.

    `coins`: so many of each value, such as 3x100, 20x5; they may stand for the amount.
    """
    where, notes = desk.meeting(at.group, at.meeting), _coins(at, coins)
    total = sum(note.value_minor * note.count for note in notes)
    if not counted and not notes:
        raise CommandRefused("Say how much was counted: --amount or --coins.", "incomplete")
    amount_minor = desk.amount_or_zero(at.group, counted) if counted else total
    if notes and amount_minor != total:
        raise CommandRefused(
            f"The coins and notes add up to {desk.money(at.group, total)}, not to "
            f"{desk.money(at.group, amount_minor)}. Count again.",
            "coins_differ",
        )
    counters = tuple(one.id for one in desk.several(at.group, counted_by))
    event = e.CashCounted(*where, moment, pocket, amount_minor, notes, counters, comment)
    told = f"{desk.money(at.group, amount_minor)} were counted in “{pocket}”{in_meeting(where)}"
    given = record(at._replace(anyway=True), event, f"{told}.")
    return given._replace(sentence=f"{told}{_compared(at, where, pocket, moment)}.")


def _compared(at: Context, where: desk.Meeting, pocket: e.Channel, moment: e.Moment) -> str:
    """How a count compares with the books, as the end of a sentence."""
    for one in compared_counts(at.group.book):
        if (one.key, one.pocket, one.moment) == (where, pocket, moment) and one.name:
            apart = one.difference_minor
            if not apart:
                return ", as the books have it"
            short = "short" if apart < 0 else "over"
            return f": {desk.money(at.group, abs(apart))} {short}, compared with the books"
    return ""


def _coins(at: Context, text: str) -> tuple[e.NoteOfCoins, ...]:
    """Coins and notes as people write them: 3x100, 20x5."""
    notes = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        count, times, value = part.lower().partition("x")
        if not times or not (count.strip().isascii() and count.strip().isdigit()):
            raise CommandRefused(
                f"“{part}” are no coins. Write so many times their value: 3x100.", "coins"
            )
        notes.append(e.NoteOfCoins(desk.amount(at.group, value.strip()), int(count)))
    return tuple(notes)


def reverse(at: Context, receipt: str, reason: str = "") -> Receipt:
    """Take back an entry that another officer wrote; both stay visible."""
    where = desk.meeting(at.group, at.meeting)
    target, page = desk.entry(at.group, receipt)
    event = e.EntryReversed(*where, target, reason)
    what = f"Entry {receipt_code(target)} ({page.kind.replace('.', ' ')}) is taken back"
    return record(at, event, f"{what}{in_meeting(where)}.")


def set_opening_balance(
    at: Context,
    account: e.OpeningAccount,
    amount: str,
    as_of: str,
    member: str = "",
    shares: int = 0,
) -> Receipt:
    """What there was before these books began, from paper."""
    one = desk.member(at.group, member) if member else None
    amount_minor = desk.amount_or_zero(at.group, amount)
    if account == "savings" and not shares:
        shares = amount_minor // desk.terms(at.group.book).share_value_minor
    event = e.OpeningBalanceSet(
        one.id if one else b"", account, amount_minor, shares, desk.day(as_of)
    )
    whose = f" of {desk.called(one)}" if one else ""
    what = f"Opening balance {account.replace('_', ' ')}{whose}"
    return record(at, event, f"{what}: {desk.money(at.group, amount_minor)}.")
