"""What is said about loans, guarantees, arrears."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "loan_contested": (
        "task",
        "The loan of {first} for {who} was approved by one officer and refused by another who did "
        "not know of it. Hand over nothing; agree which holds, and take the other one back.",
    ),
    "own_guarantee": (
        "task",
        "Entry {entry} names a member as guarantor of an own loan; it has no effect. Name another.",
    ),
    "no_guarantor": (
        "task",
        "Entry {entry} calls on somebody who is no guarantor of that loan; it has no effect. "
        "Record the guarantee first, or call on another.",
    ),
    "loan_was_handed_over": (
        "task",
        "Entry {entry} refuses a loan that its author knew to be handed over; it has no effect. "
        "If the money was not given, reverse the hand-over.",
    ),
    "held_back_too_much": (
        "task",
        "By entry {entry} all of a loan would have been kept back; it has no effect. Record it "
        "anew.",
    ),
    "loan_refused_but_paid": (
        "task",
        "A loan of {first} was handed over to {who} though its request had been refused or is "
        "contested. It counts, because the money is gone. Approve it, or take the hand-over "
        "back.",
    ),
    "loan_held_back_differs": (
        "task",
        "From the loan of {who}, {first} was kept back when it was handed over; its terms ask for "
        "{second}. Correct the hand-over or the terms.",
    ),
    "loans_unfunded": (
        "task",
        "Loans of {first} are approved and wait for their money, but {what} has only {second}. "
        "Decide together which of them to hand over, and cancel or postpone the others.",
    ),
    "loan_over_savings": (
        "task",
        "The loan of {first} that {who} asks for is more than the rules allow: {second} is the "
        "most, counted from savings and what is still owed. Lower it, refuse it, or let the "
        "group decide on an exception.",
    ),
    "loan_too_long": (
        "task",
        "The loan that {who} asks for has {plain_first} instalments; the rules allow "
        "{plain_second}. Approve it with fewer, or refuse it.",
    ),
    "loan_beside_another": (
        "task",
        "The loan that {who} asks for would be one of {plain_first} at once; the rules allow "
        "{plain_second}. Let the open one be repaid first, or refuse this one.",
    ),
    "guarantor_overcommitted": (
        "task",
        "For a loan that was asked for, {who} answers with {first}, but own savings leave only "
        "{second}. Find another guarantor, or a smaller part.",
    ),
    "guarantors_missing": (
        "task",
        "The loan that {who} asks for has {plain_first} guarantors; the rules ask for "
        "{plain_second}. Record who answers for it before it is handed over.",
    ),
    "loan_of_inactive_member": (
        "task",
        "A loan of {first} is asked for by {who}, who is {what}. Refuse it, or make the member "
        "active.",
    ),
    "loan_terms_impossible": (
        "task",
        "The terms approved for the loan of {first} for {who} give no schedule, so it bears no "
        "interest. Reverse the approval, and approve it again with other terms.",
    ),
    "loan_fee_impossible": (
        "task",
        "The fee agreed for the loan of {second} for {who} is {first}: nothing would be left to "
        "hand over, so no fee counts as agreed. Reverse the approval, and approve it again with a "
        "smaller fee.",
    ),
    "new_plan_impossible": (
        "task",
        "A new plan for the loan of {who} was agreed that cannot be followed: nothing is left from "
        "that instalment on, or its instalments would not cover the interest. Agree on another.",
    ),
    "charge_misplaced": (
        "task",
        "The loan of {who} was charged for an instalment that it does not have (entry {receipts}). "
        "The last instalment asks for it. If that is wrong, let another officer reverse the charge "
        "and record it with the right number.",
    ),
    "loan_default_due": (
        "task",
        "The loan of {who} is {plain_second} days late with {first}. Agree on a new plan, call on "
        "its guarantors, or confirm that it is in default.",
    ),
    "loan_in_default": (
        "notice",
        "The loan of {who} is in default: {first} is overdue, the oldest part for {plain_second} "
        "days.",
    ),
    "loan_overdue": (
        "notice",
        "A loan of {who} is {plain_second} days late with {first}.",
    ),
    "penalty_due": (
        "notice",
        "For a late loan {who} owes {first} in penalties by its terms that nobody has charged yet.",
    ),
    "guarantee_called": (
        "notice",
        "As a guarantor {who} was asked to pay {first}, because the borrower did not.",
    ),
}
