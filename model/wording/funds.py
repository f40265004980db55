"""What is said about expenses, partners, investments, payments and withdrawals."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "same_pocket": (
        "task",
        "Entry {entry} moves money from a pocket to the same pocket. It has no effect.",
    ),
    "unfunded": (
        "task",
        "{first} are promised from {what}, which holds {second}: {ways}. Decide which one waits, "
        "or bring money into {what}; until then hand none of it over.",
    ),
    "double_pay": (
        "task",
        "The request of {first} for {payee} was paid more than once, {second} in all. All of it "
        "counts, because the money is gone. Ask for the rest back, or let another officer reverse "
        "what was not really paid.",
    ),
    "paid_without_approval": (
        "task",
        "{first} was paid to {payee} although the officers had not agreed to it. The money counts "
        "as paid. Agree with: mkutano approve {entry}; or ask for it back.",
    ),
    "paid_after_decline": (
        "task",
        "{first} was paid to {payee} although an officer had declined it. The money counts as "
        "paid. Talk it over in the meeting, and ask for it back if the group did not want it.",
    ),
    "paid_after_cancel": (
        "task",
        "{first} was paid to {payee} although the request was cancelled. The money counts as paid. "
        "Ask for it back, or let another officer reverse the cancellation.",
    ),
    "paid_after_expiry": (
        "task",
        "{first} was paid to {payee} after the last day of the request. The money counts as paid. "
        "Tell the meeting, and agree on it again.",
    ),
    "approval_expired": (
        "task",
        "{first} for {payee} was approved, but its last day is over and it was not paid. Ask for "
        "it again if it is still wanted.",
    ),
    "payout_failed": (
        "task",
        "The provider could not pay {first} to {who} (attempt {named}). Try it again under "
        "the same reference.",
    ),
    "payout_unknown": (
        "task",
        "The provider has not said whether it paid {first} to {who} (attempt {named}). Ask "
        "the provider before anything is paid again.",
    ),
    "payout_answers_differ": (
        "notice",
        "The provider said of one payment that it succeeded (entry {entry}) and that it failed. It "
        "counts as paid.",
    ),
    "contested_match": (
        "task",
        "Officers matched one payment with different entries, and did not know of each other. It "
        "stays without a purpose; match it once more.",
    ),
    "contested_receipt": (
        "task",
        "The payment with reference {named}, {first}, is said to be more than one thing: "
        "{ways}. Match it once more, or reverse what is wrong; until then no match of it has "
        "any effect.",
    ),
    "receipt_differs": (
        "task",
        "The provider says that {first} came with reference {named}, the books say {second}: "
        "{ways}. What was recorded by hand counts; let another officer reverse it if it is wrong.",
    ),
    "receipt_elsewhere": (
        "task",
        "The payment with reference {named}, {first}, was recorded into another pocket than "
        "the provider's. Let another officer reverse it, and record it again into the right one.",
    ),
    "reference_twice": (
        "task",
        "Several payments were recorded with one reference, {named}: {ways}. If it is one "
        "payment, let another officer reverse what is too much.",
    ),
    "unmatched_receipt": (
        "task",
        "{first} came with reference {named}, and nobody said what for. Record what it was "
        "with --source receipts, or match it: mkutano record match --receipt {entry}",
    ),
    "receipt_maybe_known": (
        "task",
        "{first} came with reference {named}; an entry of the same amount was recorded by "
        "hand. If it is the same money, match the two: {ways}.",
    ),
    "unmatched_receipts": (
        "task",
        "Nobody said what {plain_second} payments, {first} in all, are for. See them with: mkutano "
        "funds",
    ),
    "no_reference": (
        "notice",
        "Entry {entry} tells of a payment without a reference. It has no effect.",
    ),
    "no_payment": (
        "task",
        "Entry {entry} matches a payment with an entry that brought no money. It has no effect; "
        "match it with the payment that it is.",
    ),
    "disputed_statement": (
        "task",
        "Officers wrote down different balances for one day: {ways}. Look at the statement again "
        "and write it down once more.",
    ),
    "not_reconciled": (
        "task",
        "The statement of {what} says {first}, the books say {second}. Find what is missing: "
        "import the statement, record what was not recorded, or agree on the difference.",
    ),
    "reconcile_disputes": (
        "task",
        "{What} agrees with its statement, but is not reconciled until officers settle what is in "
        "dispute (open: {plain_first}).",
    ),
    "funding_overpaid": (
        "task",
        "{first} more went back to {named} than had come. Ask for it back, or let another "
        "officer reverse what was not paid.",
    ),
    "funding_due": (
        "task",
        "{first} of {second} from {named} should have been paid back by now. Pay it back, or "
        "ask the partner for more time.",
    ),
    "funding_not_owed": (
        "task",
        "Entry {entry} says that {named} gave up {first}, but nothing is owed of that kind. "
        "It posts nothing; let another officer reverse it.",
    ),
    "funding_beyond_promise": (
        "notice",
        "{first} more came from {named} than the {second} that was promised. It counts.",
    ),
    "partner_inactive": (
        "notice",
        "The partner {named} promised {first} that has not come, and is no longer active. Do not "
        "plan with it.",
    ),
    "contested_partner": (
        "task",
        "Officers described the partner {named} differently, and did not know of each other. "
        "Meanwhile it is not counted as verified. Describe it once more.",
    ),
    "partner_twice": (
        "task",
        "The partner {named} was registered {count} times. If it is one, set the others inactive.",
    ),
    "investment_oversold": (
        "task",
        "More was sold of {named} than had been bought: {first} more than its cost of "
        "{second}. Let another officer reverse the sale that is wrong.",
    ),
    "investment_matured": (
        "task",
        "The investment {named}, which cost {first}, has matured. Record what it brought with: "
        "mkutano record investment-sale",
    ),
    "disputed_value": (
        "notice",
        "Officers valued one investment differently for one day: {ways}. The lower value is shown "
        "until it is valued again.",
    ),
    "already_paid": (
        "notice",
        "Entry {entry} cancels a request that was paid. It has no effect.",
    ),
    "no_beneficiary": (
        "task",
        "Entry {entry} asks for a member's money without naming the member. It has no effect.",
    ),
}
