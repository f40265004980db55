"""What officers ask of a device about phones and votes: suspend, lift, propose, object, agree.

A proposal can be tried first (`dry_run`): the same checks, and what would be asked, in words.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from node import agreeing, electing, founding_period, proposals, proposing, suspending
from node.answers import Answer, GroupRequest, choose_group
from node.electing import Draft
from node.names import Names
from node.node import Group, Node
from node.recording import Context, Receipt
from node.records import receipt_answer
from replication.limits import LABEL_CHARS_MAX

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Reason = Annotated[str, Meta(max_length=LABEL_CHARS_MAX)]

ProposalKind = Literal["revoke", "enrol", "quorum", "officer", "removal"]


class SuspendRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stop a phone at once."""

    phone: Word
    """Its name, its owner's office, number or name, or first letters of its key."""
    reason: Reason = suspending.LOST
    anyway: bool = False
    """Although it is this very phone."""


class LiftRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """End the suspension of a phone, or ask officers to."""

    phone: Word


class ProposeRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ask the officers for something about phones or votes."""

    kind: ProposalKind
    phones: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()
    """Which phones are revoked, or the one that is let in."""
    reason: Reason = ""
    right: Annotated[str, Meta(max_length=20)] = "write"
    """Of an enrolment: pull, read or write."""
    officers: Annotated[int, Meta(ge=0, le=1_000)] = 0
    """Of a quorum: how many decide."""
    suspended: Literal["", "lift", "keep"] = ""
    """Whether suspensions that a revoked phone ordered end with it; asked when there are any."""
    title: Annotated[str, Meta(max_length=40)] = ""
    """Of an election: chairperson, secretary, treasurer, money_counter, key_holder."""
    person: Annotated[str, Meta(max_length=200)] = ""
    """Who is elected or removed: a phone's name, an office, a member's number or name."""
    member: Annotated[str, Meta(max_length=200)] = ""
    """Which member the elected person is, where nobody said so yet."""
    seat: Annotated[int, Meta(ge=0, le=5)] = 0
    """Which of several money counters or key holders."""
    vacant: bool = False
    """The office falls vacant."""
    dry_run: bool = False
    """Only say what it would ask for."""


class ProposalRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A word on one proposal."""

    proposal: Word
    """Its code."""


class OneProposalRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question about one proposal, or about every one there was."""

    proposal: Annotated[str, Meta(max_length=200)] = ""


def suspend(node: Node, asked: SuspendRequest, now_ms: int) -> Answer:
    """Stop a phone."""
    at = Context(node, choose_group(node, asked.group), now_ms, asked.anyway)
    return receipt_answer(suspending.suspend(at, asked.phone, asked.reason))


def lift(node: Node, asked: LiftRequest, now_ms: int) -> Answer:
    """Lift a suspension."""
    at = Context(node, choose_group(node, asked.group), now_ms)
    return _with_proposal(at, suspending.lift(at, asked.phone))


def propose(node: Node, asked: ProposeRequest, now_ms: int) -> Answer:
    """Ask officers, or say what they would be asked."""
    group = choose_group(node, asked.group)
    draft = _DRAFTS[asked.kind](group, asked)
    if asked.dry_run:
        names = Names(group)
        what = [*draft.what, *(proposals.worded(group, names, one) for one in draft.records)]
        others = proposing.others_needed(group, draft)
        return Answer({"what": what, "others_needed": others})
    at = Context(node, group, now_ms)
    return _with_proposal(at, proposing.propose(at, draft))


def _lift(asked: ProposeRequest) -> bool | None:
    return {"": None, "lift": True, "keep": False}[asked.suspended]


def _revocation(group: Group, asked: ProposeRequest) -> Draft:
    return Draft((), proposing.revocation(group, asked.phones, asked.reason, _lift(asked)))


def _enrolment(group: Group, asked: ProposeRequest) -> Draft:
    return Draft((), proposing.enrolment(group, asked.phones, asked.right))


def _quorum(group: Group, asked: ProposeRequest) -> Draft:
    return Draft((), proposing.quorum(group, asked.officers))


def _office(group: Group, asked: ProposeRequest) -> Draft:
    if asked.vacant:
        return electing.vacancy(group, asked.title, asked.seat, asked.reason)
    return electing.election(
        group, asked.title, asked.person, asked.member, asked.seat, asked.reason
    )


def _removal(group: Group, asked: ProposeRequest) -> Draft:
    return proposing.removal(group, asked.person, asked.reason, _lift(asked))


_DRAFTS: Final[Mapping[ProposalKind, Callable[[Group, ProposeRequest], Draft]]] = {
    "revoke": _revocation,
    "enrol": _enrolment,
    "quorum": _quorum,
    "officer": _office,
    "removal": _removal,
}


def object_to(node: Node, asked: ProposalRequest, now_ms: int) -> Answer:
    """Say no to a proposal."""
    at = Context(node, choose_group(node, asked.group), now_ms)
    return receipt_answer(proposing.object_to(at, asked.proposal))


def agree(node: Node, asked: ProposalRequest, now_ms: int) -> Answer:
    """Agree to all that a change asks for, or to one entry."""
    at = Context(node, choose_group(node, asked.group), now_ms)
    return receipt_answer(agreeing.agree(at, asked.proposal))


def every(node: Node, asked: OneProposalRequest, now_ms: int) -> Answer:
    """Proposals about phones and votes, with who agreed."""
    group = choose_group(node, asked.group)
    names = Names(group)
    known = proposals.asked(group, names)
    if asked.proposal:
        known = [proposals.find(group, asked.proposal)]
    rows = [proposals.row(group, names, one) for one in known]
    return Answer({"proposals": rows})


def waiting(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Everything that waits for officers: about phones and votes, and in the books."""
    group = choose_group(node, asked.group)
    money = agreeing.money(group)
    body = {
        **money,
        "proposals": agreeing.waiting(group),
        "decisions": agreeing.decisions(group),
        "votes_needed": group.roster.votes_needed,
    }
    return Answer(body)


def end_founding(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """End the founding period by hand."""
    step = founding_period.end(node, choose_group(node, asked.group).id, now_ms)
    return Answer({"sentence": founding_period.ENDED}, step)


def _with_proposal(at: Context, given: Receipt) -> Answer:
    """A receipt, and the proposal as it stands now."""
    answer = receipt_answer(given)
    names = Names(at.group)
    one = proposals.by_change(at.group, names, given.entries[0])
    row: dict[str, Any] | None = proposals.row(at.group, names, one) if one is not None else None
    return Answer({**answer.body, "proposal": row}, answer.step)
