"""What people do by the commands of a phone, with whatever numbers and words come to them.

A command looks up, asks and refuses as it does for a person at a screen; half of the time people
insist (`anyway`). Each takes the node, the group, chance and the phone's time, and gives a step.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from model import events as e
from model.identifiers import receipt_code
from node import commands
from node.node import Node, Step
from node.recording import Context

if TYPE_CHECKING:
    from simulations.simulator.story import Group

Command = Callable[[Node, "Group", random.Random, int], Step]
NAMES: Final = ("Wanjiru", "Otieno", "Achieng", "Barasa", "Naliaka", "Mumbua", "Zawadi", "Kiprono")


def _at(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Context:
    return Context(node, node.group(group.id), now_ms, anyway=chance.random() < 0.5)


def _member(group: "Group", chance: random.Random) -> str:
    return str(chance.randint(1, group.plan.members + 1))


def _amount(chance: random.Random) -> str:
    return str(chance.choice((1, 5, 20, 50, 100)))


def _name_somebody(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    name = f"{chance.choice(NAMES)} {chance.choice(NAMES)}{chance.randrange(10_000)}"
    group.secrets.append(name.encode())
    at = _at(node, group, chance, now_ms)
    return commands.set_details(at, _member(group, chance), name, "").step


def _buy(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    at = _at(node, group, chance, now_ms)
    return commands.buy_shares(at, _member(group, chance), "", chance.randint(1, 6)).step


def _pay_fine(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    at = _at(node, group, chance, now_ms)
    return commands.pay_fine(at, _member(group, chance), _amount(chance)).step


def _repay(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    at = _at(node, group, chance, now_ms)
    return commands.repay_loan(at, _member(group, chance), _amount(chance)).step


def _give_loan(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    at = _at(node, group, chance, now_ms)
    return commands.give_loan(at, _member(group, chance), _amount(chance), 2, "seed").step


def _count(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    return commands.count_cash(_at(node, group, chance, now_ms), "box", _amount(chance)).step


def _close(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    return commands.close_meeting(_at(node, group, chance, now_ms)).step


def _take_back(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    at = _at(node, group, chance, now_ms)
    newest = at.group.book.entries.rows()
    names = sorted(name for name, _ in newest)[-40:]
    receipt = receipt_code(bytes.fromhex(chance.choice(names))) if names else "NOTHING"
    return commands.reverse(at, receipt, "wrong").step


def _add_member(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    name = f"{chance.choice(NAMES)} {chance.choice(NAMES)}{chance.randrange(10_000)}"
    group.secrets.append(name.encode())
    return commands.add_member(_at(node, group, chance, now_ms), name).step


def _status(node: Node, group: "Group", chance: random.Random, now_ms: int) -> Step:
    at = _at(node, group, chance, now_ms)
    status: e.MemberStatus = chance.choice(("active", "suspended"))
    return commands.set_member_status(at, _member(group, chance), status).step


BY_NAME: Final[tuple[Command, ...]] = (
    _name_somebody,
    _buy,
    _pay_fine,
    _repay,
    _give_loan,
    _count,
    _close,
    _take_back,
    _add_member,
    _status,
)
