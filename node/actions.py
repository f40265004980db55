"""Everything that can be asked of a device, by name: one table for the CLI and the local API.

An action takes the node, a typed request and the time, runs on the node thread, and answers with
values that become JSON. What it has written is in its answer's step; whoever called it hands that
to the links. The few that need the network are in node/exchanges.py.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from node import records, views
from node.answers import Answer, GroupRequest
from node.node import Node


class Action(NamedTuple):
    """One thing that can be asked."""

    summary: str
    request: type[msgspec.Struct]
    run: Callable[[Node, Any, int], Answer]
    writes: bool = False


ACTIONS: Final[dict[str, Action]] = {
    "groups": Action("The groups of this phone", views.NoRequest, views.groups),
    "book": Action("Members, accounts, cash, findings", GroupRequest, views.book),
    "members": Action("The members by number", GroupRequest, views.members),
    "passbook": Action("One member's page", views.MemberRequest, views.passbook),
    "loans": Action("Loans and what is owed", views.LoansRequest, views.loans),
    "audit": Action("Who recorded what", views.AuditRequest, views.audit),
    "findings": Action("What needs attention", GroupRequest, views.findings),
    "meeting": Action("What happened in a meeting", views.MeetingRequest, views.meeting),
    "meetings": Action("Every meeting", GroupRequest, views.meetings),
    "devices": Action("The group's phones", GroupRequest, views.devices),
    "status": Action("Who holds the books", GroupRequest, views.who_holds),
    "verify": Action("Derive everything again and compare", views.NoRequest, views.verified),
    "journal": Action("The journal as text", views.JournalRequest, views.journal_text),
    "automerge": Action("The document for any Automerge", GroupRequest, views.automerge),
    "found": Action("Found a group", records.FoundRequest, records.found, writes=True),
    "import": Action("Take over a sheet", records.ImportRequest, records.take_over, writes=True),
    "record": Action("Record one fact", records.RecordRequest, records.record, writes=True),
}
