"""Everything that can be asked of a device, by name: one table for the CLI and the local API.

An action takes the node, a typed request and the time, runs on the node thread, and answers with
values that become JSON. What it has written is in its answer's step; whoever called it hands that
to the links. The few that need the network are in node/exchanges.py.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from node import (
    card_exchanges,
    council_actions,
    council_views,
    decision_questions,
    ending_views,
    erasing,
    following_views,
    fork_views,
    fund_views,
    loan_questions,
    member_views,
    portfolio,
    portfolio_choice,
    ratifying,
    readers,
    records,
    relay_proof,
    relay_status,
    reporting,
    seal_views,
    views,
)
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
    "erase": Action(
        "Forget a member's name and phone, when officers agree",
        erasing.EraseRequest,
        erasing.erase,
        writes=True,
    ),
    "erased": Action("How far erasures have come", GroupRequest, erasing.erased),
    "member": Action("Who a member is", views.MemberRequest, member_views.member),
    "goals": Action("What people want to reach", member_views.GoalsRequest, member_views.goals),
    "passbook": Action("One member's page", views.MemberRequest, views.passbook),
    "statement": Action("One member's statement", reporting.StatementRequest, reporting.statement),
    "report": Action("A report of the books", reporting.ReportRequest, reporting.report),
    "share-report": Action(
        "A report that leaves the group",
        reporting.ShareRequest,
        reporting.share_report,
        writes=True,
    ),
    "portfolio": Action(
        "The groups that this device follows",
        portfolio_choice.PortfolioRequest,
        portfolio.portfolio,
    ),
    "portfolio-refresh": Action(
        "Work out the figures of groups with new books",
        portfolio.RefreshRequest,
        portfolio.refresh_portfolio,
        writes=True,
    ),
    "shared-reports": Action("Reports that left the group", GroupRequest, reporting.shared_reports),
    "notices": Action("Messages that are due", reporting.NoticesRequest, reporting.notices),
    "send-notices": Action(
        "Note that messages were sent", reporting.SentRequest, reporting.send_notices, writes=True
    ),
    "loans": Action("Loans and what is owed", views.LoansRequest, views.loans),
    "decisions": Action("What waits for officers", GroupRequest, decision_questions.decisions),
    "proceedings": Action(
        "The course of one meeting",
        decision_questions.ProceedingsRequest,
        decision_questions.proceedings,
    ),
    "seals": Action("How far the meetings' seals are", seal_views.SealsRequest, seal_views.seals),
    "seal-to-sign": Action(
        "The close that waits for a signature", seal_views.SealRequest, seal_views.to_sign
    ),
    "seal-verify": Action("Reckon a close again", seal_views.SealRequest, seal_views.verify),
    "seal-sign": Action(
        "Sign the close of a meeting", seal_views.SignRequest, seal_views.sign, writes=True
    ),
    "constitution": Action(
        "The rules, and what would change",
        decision_questions.AmendmentRequest,
        decision_questions.constitution,
    ),
    "loan-quote": Action(
        "The schedule of a loan not yet taken", loan_questions.QuoteRequest, loan_questions.quote
    ),
    "loan-arrears": Action(
        "Who is late and what is at risk", loan_questions.ArrearsRequest, loan_questions.arrears
    ),
    "audit": Action("Who recorded what", views.AuditRequest, views.audit),
    "findings": Action("What needs attention", GroupRequest, views.findings),
    "meeting": Action("What happened in a meeting", views.MeetingRequest, views.meeting),
    "meetings": Action("Every meeting", GroupRequest, views.meetings),
    "devices": Action("The group's phones", GroupRequest, council_views.devices),
    "officers": Action("Who decides, and what is lacking", GroupRequest, council_views.officers),
    "waiting": Action("Everything that waits for officers", GroupRequest, council_actions.waiting),
    "proposals": Action(
        "What officers were asked about phones and votes",
        council_actions.OneProposalRequest,
        council_actions.every,
    ),
    "suspend": Action(
        "Stop a phone at once", council_actions.SuspendRequest, council_actions.suspend, writes=True
    ),
    "lift": Action(
        "End a suspension, or ask for it",
        council_actions.LiftRequest,
        council_actions.lift,
        writes=True,
    ),
    "propose": Action(
        "Ask officers about phones and votes",
        council_actions.ProposeRequest,
        council_actions.propose,
        writes=True,
    ),
    "object": Action(
        "Say no to a proposal",
        council_actions.ProposalRequest,
        council_actions.object_to,
        writes=True,
    ),
    "readers": Action("Who outside reads the books", readers.ReadersRequest, readers.readers),
    "readers-add": Action(
        "Let a reader in, or change its grant", readers.AddReaderRequest, readers.add, writes=True
    ),
    "readers-end": Action(
        "End a reader's grant", readers.EndReaderRequest, readers.end, writes=True
    ),
    "reader-code": Action(
        "What this device shows to be let in as a reader",
        readers.ReaderCodeRequest,
        readers.code,
        writes=True,
    ),  # writes nothing; but relays are a list, which has no place in the address of a question
    "following": Action(
        "What this device reads as a reader",
        following_views.FollowingRequest,
        following_views.following,
    ),
    "unfollow": Action(
        "Look no more at a relay or a group",
        following_views.UnfollowRequest,
        following_views.unfollow,
        writes=True,
    ),
    "forks": Action("Phones that forked, and this phone's chain", GroupRequest, fork_views.listed),
    "judge-fork": Action(
        "Say that a phone was restored, or copied",
        fork_views.JudgeRequest,
        fork_views.judge,
        writes=True,
    ),
    "go-on": Action(
        "Record without having compared", fork_views.GoOnRequest, fork_views.go_on, writes=True
    ),
    "fork-proof": Action("Proofs of forks", fork_views.ProofRequest, fork_views.prove),
    "check-fork-proof": Action(
        "Check such proofs", fork_views.CheckRequest, fork_views.check, writes=True
    ),  # writes nothing; but proofs are too long for the address of a question
    "suspense": Action("What stopped phones wrote", ratifying.SuspenseRequest, ratifying.suspense),
    "ratify": Action(
        "Let what a stopped phone wrote count, or not",
        ratifying.RatifyRequest,
        ratifying.judge,
        writes=True,
    ),
    "end-founding": Action(
        "Let officers decide together", GroupRequest, council_actions.end_founding, writes=True
    ),
    "agree": Action(
        "Agree to what a change asks for",
        council_actions.ProposalRequest,
        council_actions.agree,
        writes=True,
    ),
    "status": Action("Who holds the books", GroupRequest, views.who_holds),
    "cloud": Action("How the cloud backups stand", GroupRequest, relay_status.standing),
    "cloud-proof": Action("Proofs that a relay lied", GroupRequest, relay_proof.kept),
    "verify": Action("Derive everything again and compare", views.NoRequest, views.verified),
    "journal": Action("The journal as text", views.JournalRequest, views.journal_text),
    "automerge": Action("The document for any Automerge", GroupRequest, views.automerge),
    "shareout": Action(
        "What a share-out would pay", ending_views.ShareoutRequest, ending_views.shareout
    ),
    "dividend": Action(
        "What a dividend would pay", ending_views.DividendRequest, ending_views.dividend
    ),
    "exit": Action(
        "What a leaving member gets", ending_views.ExitRequest, ending_views.exit_settlement
    ),
    "rotations": Action("The merry-go-rounds", GroupRequest, ending_views.rotations_now),
    "shareout_commit": Action(
        "Declare the share-out",
        ending_views.CommitRequest,
        ending_views.commit_shareout,
        writes=True,
    ),
    "shareout_pay": Action(
        "Pay what members are owed",
        ending_views.PayRequest,
        ending_views.pay_shareout,
        writes=True,
    ),
    "dividend_declare": Action(
        "Declare a dividend",
        ending_views.DeclareRequest,
        ending_views.declare_dividend,
        writes=True,
    ),
    "found": Action("Found a group", records.FoundRequest, records.found, writes=True),
    "cards": Action("How the paper cards stand", GroupRequest, card_exchanges.cards),
    "card-question": Action(
        "What a card would vote for", card_exchanges.CardQuestion, card_exchanges.question
    ),
    "card-vote": Action(
        "A card votes", card_exchanges.CardVoteRequest, card_exchanges.vote, writes=True
    ),
    "card-check": Action(  # sent as a command: words have no place in an address
        "Which card this is", card_exchanges.CardCheckRequest, card_exchanges.check, writes=True
    ),
    "cards-replace": Action(
        "Propose three new cards", GroupRequest, card_exchanges.replace, writes=True
    ),
    "import": Action("Take over a sheet", records.ImportRequest, records.take_over, writes=True),
    "funds": Action("The group's own money beside the boxes", GroupRequest, fund_views.funds),
    "reconciled": Action("Pockets beside their statements", GroupRequest, fund_views.reconciled),
    "reconcile": Action(
        "Compare a pocket with its statement",
        fund_views.ReconcileRequest,
        fund_views.reconcile,
        writes=True,
    ),
    "import-statement": Action(
        "Take over a provider's statement",
        fund_views.ProviderStatementRequest,
        fund_views.take_statement,
        writes=True,
    ),
    "record": Action("Record one fact", records.RecordRequest, records.record, writes=True),
}
