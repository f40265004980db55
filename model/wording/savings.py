"""What is said about shares, savings, the social fund, fines, and what is owed."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "source_too_small": (
        "task",
        "More was taken out of {what} of {who} than there was; {first} is missing. Record the "
        "money that is missing, or let another officer reverse what was not taken.",
    ),
    "receipts_too_small": (
        "task",
        "Payments were made out of receipts that are not in the books; {first} is missing. Record "
        "the receipt, or let another officer reverse the payment.",
    ),
    "same_source": (
        "notice",
        "Entry {entry} ({what}) pays into the money that it comes from. It has no effect; record "
        "it with the right source.",
    ),
    "claim_too_large": (
        "task",
        "Out of {what}, {first} more was paid to {who} than was owed. Ask {who} for it, and let "
        "another officer reverse what was paid too much.",
    ),
    "debt_overpaid": (
        "task",
        "The debt of {who} was paid with {first} too much. Let another officer reverse the payment "
        "and record the amount that was owed.",
    ),
    "refund_due": (
        "task",
        "A fine of {who} was waived, but paid. Give {first} back, and record it with: "
        "mkutano record refund",
    ),
    "help_unexplained": (
        "task",
        "Entry {entry} takes {first} from the social fund and does not say {what}. It counts; let "
        "another officer reverse it, and record it again with the payee and the reason.",
    ),
    "fine_differs": (
        "notice",
        "The fine ({what}) of {who} in {where} is {first}; the constitution says {second}. What "
        "was recorded is due, unless another officer reverses it.",
    ),
    "contribution_missed": (
        "notice",
        "In {where} less than the agreed {first} was saved by {everyone}.",
    ),
    "social_missed": (
        "notice",
        "In {where} less than the agreed {first} was paid into the social fund by {everyone}.",
    ),
    "too_few_shares": (
        "notice",
        "In {where} fewer shares than {plain_first}, the least at once, were bought by {everyone}.",
    ),
}
"""Code of a finding -> weight and sentence."""
