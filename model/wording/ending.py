"""What is said about cycles, share-outs, dividends and rotations."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SENTENCES: Final[Sentences] = {
    "cycle_not_opened": (
        "task",
        "Entry {entry} closes a cycle that was never opened. It has no effect; check its number.",
    ),
    "meeting_still_open": (
        "task",
        "Entry {entry} closes a cycle while a meeting of it is open. It has no effect; close the "
        "meeting first, then the cycle.",
    ),
    "cycle_left_open": (
        "task",
        "Cycle {cycle} is still open although a later one has begun. Share out and close it with: "
        "mkutano record cycle-close --cycle {cycle}",
    ),
    "meeting_after_cycle": (
        "task",
        "{Where} was opened after the cycle was closed. Close it, and hold the meeting in the next "
        "cycle.",
    ),
    "already_shared_out": (
        "task",
        "Entry {entry} shares out a cycle that officers had shared out before. It has no effect; "
        "if the first one was wrong, let officers reverse it.",
    ),
    "shareout_arithmetic": (
        "task",
        "The sums of the share-out in entry {entry} do not agree with each other. It has no "
        "effect; let the phone work it out with: mkutano shareout commit",
    ),
    "shareout_twice_in_rows": (
        "task",
        "The share-out in entry {entry} names a member twice. It has no effect; work it out again.",
    ),
    "shareout_differs": (
        "task",
        "The share-out in entry {entry} counts {first} of savings for {who}, the books have "
        "{second}. Read both out; if it is wrong, decline or reverse it and share out again.",
    ),
    "shareout_pool_too_large": (
        "task",
        "The share-out in entry {entry} divides {first}, but only {second} belonged to the "
        "members. Count the money; if it is not there, decline or reverse the share-out.",
    ),
    "dividend_arithmetic": (
        "task",
        "The dividend in entry {entry} withholds more tax than there is to pay. It has no effect; "
        "work it out again.",
    ),
    "same_fund": (
        "task",
        "Entry {entry} moves money from a fund to itself. It has no effect.",
    ),
    "fund_below_zero": (
        "task",
        "{first} more was taken from {what} than was set aside. Let officers bring it back, or "
        "reverse what was taken.",
    ),
    "tax_overpaid": (
        "task",
        "{first} more tax was passed on than was withheld from members. Ask the authority for it "
        "back, or let another officer reverse the payment.",
    ),
    "exit_arithmetic": (
        "task",
        "The settlement in entry {entry} gives out more than the member had. It has no effect; "
        "work it out again with: mkutano record exit",
    ),
    "already_left": (
        "task",
        "Entry {entry} settles with a member who had left already. It has no effect.",
    ),
    "exit_differs": (
        "task",
        "The settlement of {who} in entry {entry} has {first} of {what}, the books have {second}. "
        "Read both out; if it is wrong, decline it and settle again.",
    ),
    "exit_overdrawn": (
        "task",
        "The settlement of {who} in entry {entry} has {first} of {what}, but by the books "
        "{second} too much was taken out already. Read both out; if it is wrong, decline it and "
        "settle again.",
    ),
    "post_exit_item": (
        "task",
        "{who} has left, and money turned up that the settlement did not have, or that is not paid "
        "yet: {first} to give, {second} to receive. Pay it out, or collect it, and record that.",
    ),
    "draw_without_commitment": (
        "task",
        "Entry {entry} starts a merry-go-round by lot without naming the hash of its seed. It has "
        "no effect; start it with: mkutano record rotation --order drawn",
    ),
    "not_the_seed": (
        "task",
        "Entry {entry} reveals a seed that is not the one announced before the draw. It has no "
        "effect; reveal the right one, or begin the draw again before all members.",
    ),
    "no_slot": (
        "task",
        "Entry {entry} is about a member who holds no place in that merry-go-round. It has no "
        "effect.",
    ),
    "no_such_round": (
        "task",
        "Entry {entry} is about a round that the merry-go-round does not have. It has no effect.",
    ),
    "rotation_missed": (
        "task",
        "{who} has not paid {first} into rounds of the merry-go-round that were paid out. Collect "
        "it for whoever got too little, and record it in its round.",
    ),
    "rotation_not_agreed": (
        "task",
        "Money moves in the merry-go-round of entry {entry}, which officers have not agreed to. "
        "Agree with: mkutano approve {entry}",
    ),
    "rotation_pot_too_large": (
        "task",
        "{who} got a pot of {first} in round {what} of the merry-go-round, but {second} was paid "
        "in. Collect what was missed, or let another officer reverse what was not paid.",
    ),
    "rotation_other_member": (
        "task",
        "The pot of round {what}, {first}, went to {who}, whose turn it was not. Ask in the "
        "meeting whether the members agreed to change places.",
    ),
    "rotation_not_drawn": (
        "task",
        "A pot of the merry-go-round of entry {entry} was paid out before its order was drawn. "
        "Reveal the seed with: mkutano record rotation-draw",
    ),
}
