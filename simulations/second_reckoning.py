"""A second reckoning of a group's money, written without a look at how the book does it.

It shares nothing with the book but the facts themselves. What counts is decided in
`reckoning_standing` and `reckoning_counting`, one entry for each thing that happened; here it is
added up straight, by the chart of accounts of the field, debits above zero and credits below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from model import events as e
from model.entry import Entry
from simulations.reckoning_claims import reference_of
from simulations.reckoning_counting import Counting
from simulations.reckoning_endings import add_ending, one_person, owed_to_the_former, sweep
from simulations.reckoning_funds import add_fund
from simulations.reckoning_loans import Happening, replay, rows
from simulations.reckoning_standing import Told

POCKET: Final = {"box": "1010", "social": "1020", "bank": "1030", "mobile": "1040"}
SOURCE: Final = {"savings": "2020", "shares": "2010", "payable": "2080"}
CASH: Final = frozenset(POCKET.values())
OPENING: Final = {
    "box": ("1010", 1),
    "social_box": ("1020", 1),
    "bank": ("1030", 1),
    "mobile": ("1040", 1),
    "social_fund": ("3010", -1),
    "surplus": ("3020", -1),
}
CLAIM: Final = {"overpayment": "2030", "shareout": "2080", "former_member": "2060"}
INCOME_OF_A_LOAN: Final = {
    "penalty": "4020",
    "fee": "4040",
    "interest": "4010",
    "recovered": "4060",
}
HAPPENS_ON_A_LOAN: Final[dict[type[e.Event], str]] = {
    e.LoanRepaid: "paid",
    e.LoanCharged: "charged",
    e.LoanWaived: "waived",
    e.LoanRescheduled: "rescheduled",
    e.LoanWrittenOff: "written off",
    e.LoanRecovered: "recovered",
}
FINES_GO_TO: Final = {"loan_fund": "4030", "social_fund": "3010"}

Place = tuple[str, str]
Totals = Counter[Place]
"""Account and member or loan -> minor units."""


def reckon(entries: Iterable[Entry]) -> dict[Place, int]:
    """What every account must hold, zeros left out."""
    return {place: minor for place, minor in _totals(list(entries)).items() if minor}


def _totals(entries: list[Entry]) -> Totals:
    told = Told(entries)
    counting = Counting(told)
    reckoning = Reckoning(told, counting)
    totals = reckoning.totals()
    for entry in counting.set_aside():
        _park(totals, entry.event, reckoning.about(entry.event))
    return totals


def _park(totals: Totals, event: Any, about: Any) -> None:
    """Money that came or went in a late entry waits in transit, against unallocated receipts."""
    moved: Totals = Counter()
    match event:
        case e.LoanRepaid() | e.FinePaid():
            moved[paid_from(event, "somebody")] += event.amount_minor
        case e.LoanDisbursed():
            _hand_over(moved, event, social=False)
        case _:
            add(moved, event)
            add_ending(moved, event)
            add_fund(moved, event, about)
    in_cash = sum(minor for (account, _), minor in moved.items() if account in CASH)
    _move(totals, ("1090", ""), ("2070", ""), in_cash)


def _move(totals: Totals, debit: Place, credit: Place, minor: int) -> None:
    totals[debit] += minor
    totals[credit] -= minor


def paid_from(event: Any, whose: str = "") -> Place:
    """Where a payment comes from: a pocket, or what the group holds for the member."""
    source = getattr(event, "source", "")
    if source == "receipts":
        return "2070", ""
    if source:
        return SOURCE[source], whose or event.member.hex()
    return POCKET[event.channel], ""


def add(totals: Totals, event: Any) -> None:
    """Money whose place follows from the fact alone."""
    minor = getattr(event, "amount_minor", 0)
    member = getattr(event, "member", b"").hex()
    pocket = POCKET[getattr(event, "channel", getattr(event, "pocket", "box"))], ""
    match event:
        case e.SharePurchased():
            _move(totals, paid_from(event), ("2010", member), minor)
            totals["shares", member] += event.shares
        case e.SavingsDeposited():
            _move(totals, paid_from(event), ("2020", member), minor)
        case e.SavingsWithdrawn():
            _move(totals, ("2020", member), pocket, minor)
        case e.SocialContributed():
            _move(totals, pocket, ("3010", ""), minor)
        case e.SocialPaidOut():
            _move(totals, ("3010", ""), pocket, minor)
        case e.ExpensePaid():
            account = "3010" if event.fund == "social_fund" else "5010"
            _move(totals, (account, ""), pocket, minor)
        case e.TransferMade():
            _move(totals, (POCKET[event.target], ""), (POCKET[event.source], ""), minor)
        case e.ClaimPaid():
            _move(totals, (CLAIM[event.account], member), pocket, minor)
        case e.DebtCollected():
            _move(totals, pocket, ("1170", member), minor)
        case e.VariancePosted(direction="over"):
            _move(totals, pocket, ("4070", ""), minor)
        case e.VariancePosted():
            _move(totals, ("5040", ""), pocket, minor)
        case e.LoanRecovered():
            totals[pocket] += minor
        case e.OpeningBalanceSet():
            _opening(totals, event)


def _opening(totals: Totals, event: e.OpeningBalanceSet) -> None:
    if event.account == "savings":
        _move(totals, ("3090", ""), ("2010", event.member.hex()), event.amount_minor)
        totals["shares", event.member.hex()] += event.shares
    elif event.account in OPENING:
        code, sign = OPENING[event.account]
        _move(totals, (code, ""), ("3090", ""), sign * event.amount_minor)


def _hand_over(totals: Totals, event: e.LoanDisbursed, social: bool) -> None:
    """The loan is owed whole; a fee and interest that are taken at once stay in the pocket."""
    pocket = POCKET[event.channel], ""
    _move(totals, ("1100", event.loan.hex()), pocket, event.amount_minor)
    _move(totals, pocket, ("3010" if social else "4040", ""), event.fee_minor)
    _move(totals, pocket, ("3010" if social else "4010", ""), event.interest_minor)


class Reckoning:
    """Adds up what counts, topic by topic."""

    def __init__(self, told: Told, counting: Counting) -> None:
        self.told = told
        self.counting = counting
        self.counted = counting.counted()
        merges = self._events(e.MemberMerged)
        pairs = [(event.keep.hex(), event.drop.hex()) for _, event in merges]
        self.person = one_person(pairs)

    def totals(self) -> Totals:
        """Every account by what it is kept by."""
        totals: Totals = Counter()
        for entry in self.counted:
            add(totals, entry.event)
            add_ending(totals, entry.event)
            add_fund(totals, entry.event, self.about(entry.event))
        self._receipts(totals)
        self._fines(totals)
        self._loans(totals)
        joined: Totals = Counter()
        for (account, subject), minor in totals.items():
            joined[account, self.person.get(subject, subject)] += minor
        for member in {self._who(event.member) for _, event in self._events(e.MemberExited)}:
            owed_to_the_former(joined, member)
        closings = self._events(e.CycleClosed)
        if closings:
            entry, _ = closings[-1]
            sweep(joined, _totals([item for item in self.told.entries if item.id in entry.past]))
        return joined

    def _receipts(self, totals: Totals) -> None:
        """Money that a provider tells of, and an officer too, came in once: by the officer's word.

        It is the same when both name one reference, or when officers matched the two.
        """
        same = self.told.same_thing
        matched = {same(event.payment): event.target for _, event in self._events(e.PaymentMatched)}
        by_hand = {
            reference_of(event): entry.id
            for entry, event in self._events(e.LoanRepaid, e.LoanRecovered)
            if reference_of(event)
        }
        counted = {same(entry.id): entry.event for entry in self.counted}
        for entry, event in self._events(e.PaymentReceived):
            target = by_hand.get(event.provider_ref, matched.get(same(entry.id)))
            told: Any = counted.get(same(target)) if target else None
            if told is not None and not getattr(told, "source", ""):  # it brought cash itself
                pocket = POCKET[event.channel], ""
                _move(totals, ("2070", ""), pocket, event.amount_minor)

    def about(self, event: Any) -> Any:
        """What the event names, if it names a promise or a request."""
        named = getattr(event, "funding", b"") or getattr(event, "request", b"")
        meant = self.counting.meant(named)
        about: Any = meant.event if meant is not None else None
        if isinstance(event, e.PayoutResult):
            attempts = [
                attempt
                for _, attempt in self._events(e.PayoutAttempted)
                if attempt.client_ref == event.client_ref
            ]
            return about, attempts[0].channel if attempts else "mobile"
        return about

    def _events(self, *kinds: type[e.Event]) -> list[tuple[Entry, Any]]:
        return [(entry, entry.event) for entry in self.counted if isinstance(entry.event, kinds)]

    def _fines(self, totals: Totals) -> None:
        """All that was levied against all that was paid; what is too much is the member's."""
        same = self.told.same_thing
        waived = {same(event.fine) for _, event in self._events(e.FineWaived)}
        owed: dict[str, list[tuple[str, int]]] = {}
        for entry, event in self._events(e.FineLevied, e.OpeningBalanceSet):
            if getattr(event, "account", "fines") != "fines" or same(entry.id) in waived:
                continue
            goes_to = FINES_GO_TO[self.told.constitution(entry).fines_to]
            owed.setdefault(self._who(event.member), []).append((goes_to, event.amount_minor))
        paid: Counter[str] = Counter()
        for _, event in self._events(e.FinePaid):
            totals[paid_from(event)] += event.amount_minor
            paid[self._who(event.member)] += event.amount_minor
        for member in sorted({*owed, *paid}):
            left = paid[member]
            for goes_to, minor in owed.get(member, []):
                settled = min(left, minor)
                left -= settled
                totals[goes_to, ""] -= settled
                totals["fines_due", member] += minor - settled
            totals["2030", member] -= left

    def _who(self, member: bytes) -> str:
        """The person behind a name."""
        return self.person.get(member.hex(), member.hex())

    def _loans(self, totals: Totals) -> None:
        """Each loan by itself: what was lent, what the agreed rows ask for, what came back."""
        agreed = {event.loan: event for _, event in self._events(e.LoanApproved)}
        lent: dict[bytes, int] = {}
        for _, event in self._events(e.LoanDisbursed):
            lent[event.loan] = event.amount_minor
            _hand_over(totals, event, self._is_social(event.loan))
        for entry, event in self._events(e.OpeningBalanceSet):
            if event.account == "loan":
                lent[entry.id] = event.amount_minor
                _move(totals, ("1100", entry.id.hex()), ("3090", ""), event.amount_minor)
        happened = self._happened()
        for _, event in self._events(e.LoanRepaid):
            payer = event.payer.hex() or self._borrower(event.loan)
            totals[paid_from(event, payer)] += event.amount_minor
        for loan in {*happened, *lent}:
            asked = rows(lent[loan], agreed.get(loan)) if loan in lent else []
            terms = agreed[loan].rules if loan in agreed else e.LoanRules()
            paid = replay(asked, happened.get(loan, []), terms)
            social = self._is_social(loan)
            for bucket, account in INCOME_OF_A_LOAN.items():
                totals["3010" if social else account, ""] -= paid.took[bucket]
            totals["1100", loan.hex()] -= paid.took["principal"]
            totals["2030", self._borrower(loan)] -= paid.took["over"]
            lost_by = "3010" if social else "5020"
            _move(totals, (lost_by, ""), ("1100", loan.hex()), paid.given_up_minor)

    def _happened(self) -> dict[bytes, list[Happening]]:
        """What happened on each loan, by meeting."""
        happened: dict[bytes, list[Happening]] = {}
        for entry, event in self._events(*HAPPENS_ON_A_LOAN):
            kind, instalment = HAPPENS_ON_A_LOAN[type(event)], 0
            if isinstance(event, e.LoanCharged):
                kind, instalment = event.kind, event.instalment
            elif isinstance(event, e.LoanWaived):
                kind = f"waive {event.kind}"
            when = (event.cycle, event.session)
            if isinstance(event, e.LoanWaived | e.LoanWrittenOff | e.LoanRescheduled):
                when = max(when, self.told.decided_in(entry))
            if isinstance(event, e.LoanRescheduled):
                item = Happening(when, kind, 0, event.from_instalment, event)
            else:
                item = Happening(when, kind, event.amount_minor, instalment)
            happened.setdefault(event.loan, []).append(item)
        return happened

    def _is_social(self, loan: bytes) -> bool:
        """Does the social fund lend it? What it earns is the fund's, and no profit to share."""
        return getattr(self.told.by_id[loan].event, "fund", "loan_fund") == "social_fund"

    def _borrower(self, loan: bytes) -> str:
        return str(self.told.by_id[loan].event.member.hex())  # type: ignore[union-attr]
