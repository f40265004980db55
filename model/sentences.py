"""What every finding says: one plain sentence, and whether it asks officers to act.

A `notice` only informs; a `task` asks officers to decide or to correct, and says what to do.
"""

from __future__ import annotations

from typing import Final, Literal

Weight = Literal["notice", "task"]

# Places: {who} member, {first} and {second} amount, {entry} receipt of the first entry, {ways} what
# each entry says, with its receipt, {where} meeting, {what} kind or detail.
SENTENCES: Final[dict[str, tuple[Weight, str]]] = {
    "overdrawn": (
        "task",
        "{what} is below zero by {balance}; it began with entry {entry}. "
        "Record the money that is missing, or let another officer reverse what was not paid.",
    ),
    "disputed_amount": (
        "task",
        "Officers recorded {what} of {who} in {where} differently: {ways}. One of them counts "
        "until the wrong one is reversed by an officer who did not write it.",
    ),
    "disputed_count": (
        "task",
        "Two officers counted the same money in {where} and differ: {ways}. Count again.",
    ),
    "disputed_attendance": (
        "task",
        "Officers marked {who} differently in {where}. Mark the attendance once more.",
    ),
    "corroborated": (
        "notice",
        "Two officers recorded {what} of {who} in {where} with the same amount, {first}: "
        "it counts once.",
    ),
    "recorded_twice": (
        "notice",
        "{What} of {who} in {where}, {first}, was recorded more than once: it counts once. "
        "If it really happened twice, record the second one separately: a payment on the next "
        "line, a fine under another code.",
    ),
    "possible_duplicate_payment": (
        "task",
        "A repayment of {first} by {who} in {where} was recorded by hand and also came with a "
        "payment reference. If it is one payment, let another officer reverse one of them.",
    ),
    "late_entry": (
        "task",
        "{What} of {who}{amount} belongs to {where}, which was closed without it. It is kept aside "
        "and not in the totals. If it is right, record it again in the meeting that is open; then "
        "let another officer reverse entry {entry}.",
    ),
    "contested_close": (
        "task",
        "{Where} was closed twice, over different entries. What either close holds counts. Read "
        "the entries out, and let another officer reverse those that are wrong.",
    ),
    "not_permitted": (
        "task",
        "Entry {entry} ({what}) was recorded by a person whose office does not allow it. It has "
        "no effect; let the right officer record it.",
    ),
    "needs_another_officer": (
        "task",
        "Entry {entry} tries to reverse its author's own entry. Another officer must do it.",
    ),
    "restores_own_entry": (
        "task",
        "Entry {entry} tries to put back what its own author had recorded and another officer "
        "took back. It has no effect; a third officer may do it, or record it again.",
    ),
    "receipt_reversed": (
        "notice",
        "Entry {entry} takes back {what} of {who}, {first}, that another officer had received in "
        "{where}. Ask {who} whether the money was really given back or never paid.",
    ),
    "own_loan": (
        "task",
        "Entry {entry} approves a loan to the one who approves it. Another officer must do it.",
    ),
    "not_reversible": (
        "notice",
        "Entry {entry} tries to reverse something that is changed by a new record instead, such "
        "as an election or a member's status. Record how it is now.",
    ),
    "unknown_kind": (
        "task",
        "Entry {entry} was written by a newer Mkutano ({what}). Update this phone; until then it "
        "shows no totals.",
    ),
    "malformed": ("notice", "Entry {entry} ({what}) is damaged and has no effect."),
    "unknown_reference": (
        "task",
        "Entry {entry} ({what}) names a member, loan or entry that is not in these books. It has "
        "no effect.",
    ),
    "too_many": (
        "task",
        "Entry {entry} was recorded very many times. Only the first records were looked at; "
        "check the phone that wrote them.",
    ),
    "possible_duplicate_member": (
        "task",
        "{count} members have the same {what}, one of them {who}. Check whether they are one "
        "person; if so, make one of them inactive and record under the other.",
    ),
    "amount_mismatch": (
        "task",
        "{who} paid {first} for {what} shares in {where}; they cost {second}. The amount paid "
        "counts; correct it if it is wrong.",
    ),
    "cap_exceeded": (
        "task",
        "{who} bought {plain_first} shares in {where}; the constitution allows {plain_second}. "
        "Let another officer reverse what is too much, unless the meeting agreed to it.",
    ),
    "overpaid_loan": (
        "notice",
        "{who} paid {first} more than the loan asked for. It is kept for the member.",
    ),
    "overpaid_fine": (
        "notice",
        "{who} paid {first} in {where}, which is {second} more than the fines due. It is kept "
        "for the member.",
    ),
    "loan_not_approved": (
        "task",
        "A loan of {first} was handed to {who} without an approval. Approve it with its terms, "
        "or reverse it; until then it bears no interest.",
    ),
    "loan_differs": (
        "task",
        "{who} was handed a loan of {first}, but {second} was approved. Correct the wrong one.",
    ),
    "loan_not_disbursed": (
        "task",
        "{who} repaid {first} on a loan that is not recorded as handed over. Record that it was, "
        "or let another officer reverse the repayment.",
    ),
    "terms_differ": (
        "task",
        "Entry {entry} approves a loan of {first} to {who} with {what} than the constitution says. "
        "If the meeting did not agree to that, let another officer reverse it and approve anew.",
    ),
    "one_hand": (
        "task",
        "One person both approved and handed over the loan of {first} to {who}. Ask in the "
        "meeting whether it was agreed, and let another officer approve the next one.",
    ),
    "late_opening": (
        "task",
        "Entry {entry} sets {what} of {who}, {first}, as from before the first meeting, but was "
        "written after it. Compare it with the paper; another officer can reverse it.",
    ),
    "close_differs": (
        "task",
        "At the close of {where} {first} was read out for {what}; the books have {second}. Find "
        "the difference, and record or reverse what is wrong in the next meeting.",
    ),
    "self_elected": (
        "task",
        "The {what} recorded his or her own election (entry {entry}). Ask in the meeting whether "
        "the group chose so; if not, elect again.",
    ),
    "offices_combined": (
        "task",
        "The treasurer is also {what}: one person keeps the money and the record of it. Elect "
        "another person to one of the offices.",
    ),
    "constitution_changed": (
        "notice",
        "Entry {entry} put a new constitution in force. It changes {what}. Read it out in the "
        "meeting; if the group did not agree, adopt the older one again.",
    ),
    "currency_kept": (
        "notice",
        "Entry {entry} names another currency. These books were begun in {what} and stay in it; "
        "for another currency begin new books.",
    ),
    "contested_office": (
        "task",
        "Two elections for {what} did not know of each other. Whoever held the office keeps it "
        "until you record the election once more.",
    ),
    "contested_constitution": (
        "task",
        "Two versions of the constitution were adopted apart from each other. What was in force "
        "before them stays until you adopt one again.",
    ),
    "contested_cycle": (
        "notice",
        "Cycle {cycle} was opened twice with different days. The longer span is used.",
    ),
    "meeting_not_opened": (
        "task",
        "Entries were recorded in {where}, which nobody opened. Open it with its day.",
    ),
    "meeting_dates_differ": (
        "notice",
        "{Where} was opened with different days. The earlier day is used.",
    ),
    "cash_differs": (
        "task",
        "The count of {what} in {where} was {first}, the books expect {second}. Count again, or "
        "record what is missing.",
    ),
    "after_office": (
        "notice",
        "Entry {entry} ({what}) was recorded by an officer who did not know yet that the office "
        "had ended. It stands.",
    ),
}

KINDS: Final = {
    "share.purchased": "the share purchase",
    "social.contributed": "the social fund payment",
    "social.paid_out": "the help from the social fund",
    "fine.levied": "the fine",
    "fine.paid": "the fine payment",
    "loan.applied": "the loan request",
    "loan.approved": "the loan approval",
    "loan.disbursed": "the loan",
    "loan.repaid": "the repayment",
    "expense.paid": "the expense",
    "transfer.made": "the transfer",
    "cash.counted": "the cash count",
    "attendance.marked": "the attendance",
    "entry.reversed": "the reversal",
    "opening_balance.set": "the opening balance",
    "savings": "the savings",
    "loan": "the loan",
    "fines": "the fines due",
    "social_box": "the social-fund box",
    "social_fund": "the social fund",
    "surplus": "the surplus",
    "shares_minor": "shares",
    "social_minor": "the social fund",
    "repaid_minor": "repayments",
    "lent_minor": "loans",
    "box": "the loan-fund box",
    "social": "the social-fund box",
    "bank": "the bank account",
    "mobile": "the mobile money",
}
"""Kinds, pockets, accounts and totals, in words."""
