"""What is said about how entries stand, who may write them, and what they lack."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "overdrawn": (
        "task",
        "{what} is below zero by {balance}{newest}. "
        "Record where the money came from (a transfer, a partner, a payment received), let another "
        "officer reverse what was not paid, or agree on the difference as a variance.",
    ),
    "disputed_amount": (
        "task",
        "Officers recorded {what} of {who} in {where} differently: {ways}. One of them counts "
        "meanwhile. Choose the right one with: mkutano resolve RECEIPT",
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
        "and not in the totals. If it is right, accept it with: mkutano accept-late {entry}; if "
        "not, reject it with: mkutano reject-late {entry}",
    ),
    "contested_close": (
        "task",
        "{Where} was closed twice, over different entries. What either close holds counts. Read "
        "the entries out and choose: sign the right close with: mkutano seal --sign; or reverse "
        "what is wrong, and close the meeting once more.",
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
        "no effect; if it is still wanted, record it again for the right one.",
    ),
    "too_many": (
        "task",
        "Entry {entry} was recorded very many times. Only the first records were looked at; "
        "check the phone that wrote them.",
    ),
    "possible_duplicate_member": (
        "task",
        "{count} members have the same {what}, one of them {who}. If they are one person, merge "
        "them with: mkutano record merge; if not, correct what is wrong.",
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
        "{who} paid {first} for fines, which is {second} more than the fines due. It is kept for "
        "the member.",
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
        "written after it. Compare it with the paper; then agree with: mkutano approve {entry}; or "
        "let another officer reverse it.",
    ),
    "close_differs": (
        "task",
        "At the close of {where} {first} was read out for {what}; the books have {second}. Find "
        "the difference, and record or reverse what is wrong in the next meeting.",
    ),
    "offices_combined": (
        "task",
        "The treasurer is also {what}: one person keeps the money and the record of it. Elect "
        "another person to one of the offices.",
    ),
    "constitution_changed": (
        "notice",
        "Entry {entry} put a new constitution in force. It changes {changes}. Read it out in the "
        "meeting; if the group did not agree, propose the older one again.",
    ),
    "currency_kept": (
        "notice",
        "Entry {entry} names another currency. These books were begun in {what} and stay in it; "
        "for another currency begin new books.",
    ),
    "contested_office": (
        "task",
        "Two elections for {what} did not know of each other. Whoever held the office keeps it "
        "until officers agree to one that knows of both; ask with: mkutano propose officer",
    ),
    "contested_constitution": (
        "task",
        "Two versions of the constitution were adopted apart from each other. What was in force "
        "before them stays until you propose one again and the officers agree to it.",
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
        "The count of {what} in {where} was {first}, {second} is expected. Count again, record "
        "what is missing, or accept the difference with: mkutano record variance",
    ),
    "after_office": (
        "notice",
        "Entry {entry} ({what}) was recorded by an officer who did not know yet that the office "
        "had ended. It stands.",
    ),
    "contested_resolution": (
        "task",
        "Officers chose differently between entries about {what} of {who}, and did not know of "
        "each other. Choose once more with: mkutano resolve RECEIPT",
    ),
    "contested_verdict": (
        "task",
        "Officers accepted a late entry of {who} and rejected it, and did not know of each other. "
        "Meanwhile it is left out. Decide once more.",
    ),
    "waits_for_approval": (
        "task",
        "Entry {entry} ({what} of {who}{amount_at_end}) waits until {count_wanted} more agree. "
        "Agree with: mkutano approve {entry}; or say no with: mkutano decline {entry}",
    ),
    "needs_approval": (
        "task",
        "Entry {entry} ({what}) has no effect: the officers have not agreed to it. Propose it, let "
        "them approve the proposal, and then record it.",
    ),
    "needs_word": (
        "task",
        "Entry {entry} ({what} of {who}{amount_at_end}) counts already; the constitution wants "
        "{count_wanted} more to agree. Agree with: mkutano approve {entry}",
    ),
    "request_expired": (
        "notice",
        "Entry {entry} ({what} of {who}{amount_at_end}) was not approved before its last day. Ask "
        "for it again if it is still wanted.",
    ),
    "declined": (
        "notice",
        "Entry {entry} ({what} of {who}) was declined. It has no effect; it can be asked for "
        "again.",
    ),
    "own_benefit": (
        "task",
        "Entry {entry} ({what}) is the word of the person who gains by it. It does not count; "
        "another officer must agree.",
    ),
    "already_decided": (
        "notice",
        "Entry {entry} ({what}) came after the officers had decided. It changes nothing; propose "
        "the opposite if the group changed its mind.",
    ),
    "signed_for_good": (
        "notice",
        "Entry {entry} takes a word on the close of a meeting back. It has no effect: what was "
        "signed stays signed. If the books are wrong, let officers open the meeting again with: "
        "mkutano record reopening",
    ),
    "already_happened": (
        "notice",
        "Entry {entry} says no to something that has happened already. If it was wrong, let "
        "another officer reverse it.",
    ),
    "disputed_entry": (
        "task",
        "{who_of_entry} objects to {what}, {first}, in {where} (entry {entry}). Look into it in "
        "the meeting; then reverse what was wrong: the entry, or the objection.",
    ),
    "never_late": (
        "notice",
        "Entry {entry} ({what}) is about an entry that is never late. It has no effect.",
    ),
    "chosen_before": (
        "task",
        "Entry {entry} rejects what officers had chosen as right. It has no effect. If it is "
        "wrong, choose another entry with: mkutano resolve RECEIPT",
    ),
    "nothing_to_resolve": (
        "notice",
        "Entry {entry} chooses between entries, but there is only one. It has no effect.",
    ),
    "share_value_in_cycle": (
        "task",
        "Entry {entry} changes the price of a share while a cycle is open. It has no effect; "
        "change the price after the share-out.",
    ),
    "not_closed": (
        "notice",
        "Entry {entry} reopens a meeting that was not closed. It has no effect.",
    ),
    "later_closed": (
        "task",
        "Entry {entry} reopens a meeting although a later one is closed. It has no effect; record "
        "a correction in the meeting that is open.",
    ),
}
