"""Readers between phones on one network: let in with a scope and a last day, and refused after it.

Days pass by what this phone's clock says, which the tests set; everything else is real.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from node import links, reception
from node.clock import steady_ms
from node.coming_in import ReadsSummaries
from node.invitation import Invitation
from node.invitations import Guest, invite
from node.pairings import Asks
from node.refused_words import OVER
from node.secure_socket import Refused
from tests.node.calling_phones import WAIT_S, Phone, secretary, treasurer

__all__ = ["secretary", "treasurer"]


async def invited(inviter: Phone, group: bytes, scope: str, until: str) -> Invitation:
    right = "pull" if scope == "summary" else "read"
    guest = Guest("Maendeleo", scope=scope, until=until)
    _, invitation = await inviter.thread.run(
        invite, inviter.node, group, right, guest, (inviter.address,), steady_ms()
    )
    return invitation


async def test_a_reader_of_totals_is_let_in_and_given_no_books(
    secretary: Phone, treasurer: Phone
) -> None:
    group = await secretary.found()
    invitation = await invited(secretary, group, "summary", "2030-12-31")
    shown: list[dict[str, object]] = []

    async def ask(_asks: Asks, facts: Mapping[str, Any]) -> bool:
        shown.append(dict(facts))
        return True

    with pytest.raises(ReadsSummaries, match="mkutano follow") as told:
        await treasurer.links.join(treasurer.http, invitation, secretary.address, "Maendeleo", ask)
    assert "until 2030-12-31" in told.value.sentence
    assert (shown[0]["scope"], shown[0]["until"]) == ("summary", "2030-12-31")
    assert not treasurer.node.groups
    known = secretary.node.group(group).roster.devices[treasurer.node.device]
    assert (known.right, known.scope, known.until) == ("pull", "summary", "2030-12-31")


async def test_a_reader_of_the_ledger_is_served_until_its_last_day(
    secretary: Phone, treasurer: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await secretary.found()
    invitation = await invited(secretary, group, "ledger", "2030-12-31")
    link = await treasurer.links.join(treasurer.http, invitation, secretary.address, "Maendeleo")
    treasurer.run(link)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    assert treasurer.heads(group) == secretary.heads(group)
    before = treasurer.heads(group)
    for module in (links, reception):
        monkeypatch.setattr(module, "day_of", lambda _now_ms: "2031-01-01")
    await secretary.add_member(group, 7)  # the link that lives ends before it says this
    async with asyncio.timeout(WAIT_S):
        await link.over.wait()
    assert link.ending == f"peer_{OVER}"
    assert treasurer.heads(group) == before
    monkeypatch.setattr(links, "day_of", lambda _now_ms: "2030-12-31")  # its own clock is slow
    again = await treasurer.call(group, secretary)
    async with asyncio.timeout(WAIT_S):
        await again.over.wait()
    assert again.ending == f"peer_{OVER}"
    assert treasurer.heads(group) == before
    assert any(refusal.code == OVER for refusal in secretary.links.refusals)


async def test_an_officer_s_phone_does_not_call_a_reader_whose_day_has_passed(
    secretary: Phone, treasurer: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await secretary.found()
    invitation = await invited(secretary, group, "ledger", "2030-12-31")
    link = await treasurer.links.join(treasurer.http, invitation, secretary.address, "Maendeleo")
    treasurer.run(link)
    async with asyncio.timeout(WAIT_S):
        await link.synced.wait()
    link.end("done")
    await link.over.wait()
    monkeypatch.setattr(links, "day_of", lambda _now_ms: "2031-01-01")
    with pytest.raises(Refused):
        await secretary.call(group, treasurer)
