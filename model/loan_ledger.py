"""One loan's ledger: what was asked, approved and handed over, and where each payment goes.

The split is a function of the terms and of the sum paid before (reckoning/allocation.py), so that
taking an old payment back splits every later one anew; where more bears on a loan than payments,
its whole account is replayed (loan_account.py). Terms are complete in the approval; a loan that
was handed over without one bears no interest until it is approved, because nobody agreed to any.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from model import listing
from model.accounts import POCKETS
from model.agreement import agreeing
from model.book import Book
from model.journal import entry_page, restate, reversed_by
from model.loan_account import by_sum, reckon
from model.loan_facts import counted_facts, guarantors_of, payments
from model.loan_postings import disbursed_lines, split_lines
from model.loan_terms import amounts_of, falls_of, fees_of, is_by_sum, rules_from
from model.pages import NO_TERMS, EntryPage, FindingPage, LoanPage, Posting
from model.reckoning.allocation import Split, owed, split_between
from model.reckoning.schedules import fee_amount, schedule
from model.reckoning.terms import LoanTerms, TermsError
from model.sheets import claims_on, claims_once

KNEW_APPROVAL: Final = "knew_approval"  # of a refusal: its author knew the approval
KNEW_REFUSAL: Final = "knew_refusal"  # and the other way round


def split(loan: LoanPage, before_minor: int, amount_minor: int) -> Split:
    """Where one payment goes that follows `before_minor` of others."""
    falls = falls_of(loan)
    if falls is None:
        return Split(overpaid_minor=amount_minor)
    return split_between(falls, before_minor, amount_minor)


def repaid_lines(
    name: str, loan: LoanPage, pocket: Posting, before_minor: int
) -> tuple[Posting, ...]:
    """Lines of a payment into `pocket` on the loan called `name`."""
    return split_lines(name, loan, pocket, split(loan, before_minor, pocket[2]))


def owed_minor(loan: LoanPage) -> int:
    """Everything that the terms ask for in instalments, interest included."""
    terms = amounts_of(loan)
    return 0 if terms is None else owed(terms)


def derive_loan(book: Book, name: str) -> None:
    """Read the loan's own facts anew, and let every counted payment go where it now belongs."""
    loan = book.loans.find(name)
    if loan is None:
        return
    loan = _disbursed(book, name, _approved(book, name, _asked(book, name, loan)))
    in_default = winner(book, f"default {name}", "loan.defaulted")
    loan = replace(
        loan,
        guarantors=guarantors_of(book, name),
        defaulted=in_default[0] if in_default else "",
    )
    facts = counted_facts(book, name)
    by_account = bool(loan.disbursed) and (bool(facts) or not is_by_sum(loan))
    loan = replace(
        loan,
        by_account=by_account,
        rescheduled=False,
        written_off_minor=0,
        recovered_minor=0,
        set_aside_minor=0,
        impossible_plan="",
        misplaced=(),
    )
    if by_account:
        loan = reckon(book, name, loan, facts)
    else:
        loan = by_sum(book, name, loan, facts, payments(book, name))
    put_loan(book, name, loan)
    _note_one_hand(book, name, loan)


def put_loan(book: Book, name: str, loan: LoanPage) -> None:
    """Keep a loan's page, its place among the open ones, and what is to be said about it."""
    book.loans.put(name, loan)
    overpaid = loan.paid_minor - loan.owed_minor if loan.principal_minor else 0
    is_open = not loan.principal_minor or overpaid < 0
    if (loan.refused and not loan.principal_minor) or book.offered.find(name) is not None:
        is_open = False  # what is only offered is nobody's loan yet, see offered.py
    if is_open != (book.open_loans.find(name) is not None):
        book.open_loans.put(name, loan.member if is_open else None)
    back = max(0, overpaid) + loan.set_aside_minor
    _note(book, "overpaid_loan", name, loan, (back,) if back else ())
    waiting = (loan.approved_minor,) if loan.contested and not loan.disbursed else ()
    _note(book, "loan_contested", name, loan, waiting)
    impossible = (loan.approved_minor,) if loan.impossible_terms else ()
    _note(book, "loan_terms_impossible", name, loan, impossible)
    fee_minor = fee_too_large(loan)
    compared = (fee_minor, loan.principal_minor or loan.approved_minor) if fee_minor else ()
    _note(book, "loan_fee_impossible", name, loan, compared)
    _note(book, "new_plan_impossible", name, loan, (0,) if loan.impossible_plan else ())
    misplaced = loan.misplaced
    _note(book, "charge_misplaced", name, loan, (len(misplaced),) if misplaced else (), misplaced)
    if not loan.disbursed:
        _note(book, "loan_not_disbursed", name, loan, (loan.paid_minor,) if loan.paid_minor else ())
        for code in ("loan_not_approved", "loan_differs", "loan_refused_but_paid"):
            _note(book, code, name, loan, ())
        _note(book, "loan_held_back_differs", name, loan, ())
        return
    lent, approved = loan.principal_minor, loan.approved_minor
    agreed = loan.approved or loan.opening
    refused = bool(loan.refused or loan.contested)
    _note(book, "loan_not_disbursed", name, loan, ())
    _note(book, "loan_not_approved", name, loan, () if agreed or refused else (lent,))
    _note(book, "loan_refused_but_paid", name, loan, (lent,) if refused else ())
    differs = loan.approved and lent != approved
    _note(book, "loan_differs", name, loan, (lent, approved) if differs else ())
    kept = loan.fee_held_back_minor + loan.interest_held_back_minor
    agreed_minor = sum(held_back(loan))
    amounts = (kept, agreed_minor) if loan.approved and kept != agreed_minor else ()
    _note(book, "loan_held_back_differs", name, loan, amounts)


def hands_topic(name: str) -> str:
    """Topic of the list of those who approved a loan or handed it over in a founded group."""
    return f"hands {name}"


def _note_one_hand(book: Book, name: str, loan: LoanPage) -> None:
    """Point out a loan that one person both approved and handed over, in a founded group."""
    both = tuple(sorted((loan.approved, loan.disbursed)))
    finding = None
    if all(both) and not loan.opening:
        people = {entry_page(book, one).person for one in both}
        knew = listing.every(book, hands_topic(name)) if len(people) == 1 else ()
        if not set(both).isdisjoint(knew):
            finding = FindingPage(both, loan.member, amounts=(loan.principal_minor,))
    if finding != book.findings.find(("one_hand", name)):
        book.findings.put(("one_hand", name), finding)


def fee_too_large(loan: LoanPage) -> int:
    """The fee that was agreed, when it and interest at once leave nothing to hand over; else 0."""
    lent = loan.principal_minor > 0
    terms = amounts_of(loan if lent else replace(loan, principal_minor=loan.approved_minor))
    if terms is None or loan.rules is None:
        return 0
    fees = fees_of(loan.rules)
    fee = sum(fee_amount(terms, one) for one in fees)
    # Before a day is known some terms have no schedule yet: then the fee alone is compared.
    refused = lent and not has_schedule(terms._replace(fees=fees))
    return fee if fee >= terms.principal_minor or refused else 0


def held_back(loan: LoanPage) -> tuple[int, int]:
    """Fees, and interest at once, that the terms keep back when the money is handed over."""
    terms = amounts_of(loan)
    if terms is None or loan.rules is None:
        return 0, 0
    try:
        plan = schedule(terms._replace(fees=fees_of(loan.rules)))
    except TermsError:
        return 0, 0
    return plan.fee_at_disbursement_minor, plan.interest_at_disbursement_minor


def pay_loan(book: Book, name: str, loan: LoanPage, amount_minor: int) -> None:
    """Add a repayment that counts; as long as something is owed, nothing else is to be said."""
    paid = loan.paid_minor + amount_minor
    loan = replace(loan, paid_minor=paid)
    if loan.disbursed and paid < loan.owed_minor:
        book.loans.put(name, loan)
    else:
        put_loan(book, name, loan)


def _note(
    book: Book, code: str, name: str, loan: LoanPage, amounts: tuple[int, ...],
    entries: tuple[str, ...] = (),
) -> None:  # fmt: skip
    key = (code, name)
    noted = book.findings.find(key)
    if noted is None and not amounts:
        return
    page = FindingPage(entries, loan.member, amounts=amounts, detail=name) if amounts else None
    if page != noted:
        book.findings.put(key, page)


def winner(book: Book, once: str, kind: str) -> tuple[str, EntryPage] | None:
    """The entry of a kind that counts, of those about what can happen only once."""
    for claim in claims_once(book, once):
        if claim[0] == kind:
            page = entry_page(book, claim[2])
            if page.status == "counted" and not reversed_by(book, page):
                return claim[2], page
    return None


def asked_text(periods: int, fund: str, guarantees: tuple[tuple[str, int], ...]) -> str:
    """What a request says beside its amount, as text that two officers must agree on."""
    words = [str(periods)]
    if fund != "loan_fund" or guarantees:
        words += [fund, *(f"{member}:{amount}" for member, amount in sorted(guarantees))]
    return " ".join(words)


def _asked(book: Book, name: str, loan: LoanPage) -> LoanPage:
    """What was asked for, by the request that counts."""
    if loan.opening:
        return loan
    first = entry_page(book, name)
    for kind, line, other in claims_on(book, first.cycle, first.session, first.subject):
        page = entry_page(book, other)
        if (kind, line) == ("loan.applied", first.line) and page.status == "counted":
            words = page.detail.split(" ")
            social = len(words) > 1 and words[1] == "social_fund"
            return replace(
                loan,
                asked_minor=page.amount,
                purpose=page.text,
                periods=int(words[0]),
                social=social,
            )
    return loan


def _approved(book: Book, name: str, loan: LoanPage) -> LoanPage:
    approval, refusal = winner(book, name, "loan.approved"), winner(book, name, "loan.refused")
    contested = False
    if approval is not None and refusal is not None:
        ended = any(KNEW_APPROVAL in _own(book, one) for one in agreeing(book, refusal[0]))
        renewed = any(KNEW_REFUSAL in _own(book, one) for one in agreeing(book, approval[0]))
        contested = ended == renewed
        refusal = refusal if ended and not renewed else None
    loan = replace(
        loan,
        refused=refusal[0] if refusal else "",
        outcome=refusal[1].detail if refusal else "",
        contested=contested,
    )
    if approval is None:
        method, period, rounding = NO_TERMS
        return replace(
            loan,
            approved="",
            approved_minor=0,
            periods=1 if loan.opening else loan.periods,  # as it was brought over from paper
            method=method,
            rate_ppm=0,
            period=period,
            step_minor=1,
            rounding=rounding,
            rules=None,
            first_due_on="",
            impossible_terms="",
        )
    entry, page = approval
    loan = replace(
        loan, approved=entry, approved_minor=page.amount, impossible_terms="", **_terms(page)
    )
    wanted = replace(loan, principal_minor=page.amount, starts_on="")
    if not has_schedule(amounts_of(wanted) if wanted.rules is None else None):
        loan = replace(loan, impossible_terms=entry)
    return _payable(loan)


def _own(book: Book, name: str) -> tuple[str, ...]:
    return entry_page(book, name).reasons


def _terms(page: EntryPage) -> dict[str, object]:
    terms = page.detail.split(" ")
    return {
        "method": terms[0],
        "rate_ppm": int(terms[1]),
        "periods": int(terms[2]),
        "period": terms[3],
        "step_minor": int(terms[4]),
        "rounding": terms[5],
        "first_due_on": terms[6] if len(terms) > 6 and terms[6] != "-" else "",
        "rules": rules_from(terms[7]) if len(terms) > 7 else None,
    }


def _payable(loan: LoanPage) -> LoanPage:
    """The loan, without interest when its terms give no schedule (its instalments would not even
    cover the interest, or its first due day is before the money was handed over)."""
    if has_schedule(amounts_of(loan)):
        return loan
    plain = replace(loan, method="flat", rate_ppm=0, rules=None, first_due_on="")
    return replace(plain, impossible_terms=loan.approved)


def has_schedule(terms: LoanTerms | None) -> bool:
    """Do these terms give a schedule, as far as there are any?"""
    try:
        if terms is not None:
            schedule(terms)
    except TermsError:
        return False
    return True


def _disbursed(book: Book, name: str, loan: LoanPage) -> LoanPage:
    if loan.opening:
        payout = winner(book, loan.opening, "opening_balance.set")
    else:
        payout = winner(book, name, "loan.disbursed")
    if payout is None:
        return replace(
            loan,
            disbursed="",
            principal_minor=0,
            starts_on="",
            fee_held_back_minor=0,
            interest_held_back_minor=0,
        )
    entry, page = payout
    meeting = book.meetings.find((page.cycle, page.session))
    day = meeting.held_on if meeting is not None else page.text
    fee, interest = _held_back(page)
    if not loan.opening:
        pocket = POCKETS[page.detail.split(" ")[0]]
        lines = disbursed_lines(name, loan, pocket, page.amount, fee, interest)
        if lines != page.lines:
            restate(book, entry, replace(page, lines=lines, held=lines))
    loan = replace(
        loan,
        disbursed=entry,
        principal_minor=page.amount,
        starts_on=day,
        fee_held_back_minor=fee,
        interest_held_back_minor=interest,
    )
    return _payable(loan)


def handed_over_text(channel: str, fee_minor: int, interest_minor: int) -> str:
    """What a disbursement says beside its amount."""
    return f"{channel} {fee_minor} {interest_minor}" if fee_minor or interest_minor else channel


def _held_back(page: EntryPage) -> tuple[int, int]:
    words = page.detail.split(" ")
    return (int(words[1]), int(words[2])) if len(words) == 3 else (0, 0)
