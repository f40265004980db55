"""Which marks there are: what a run of many seeds must have come by."""

from typing import Final

from simulations.simulator import adversaries, nemesis
from simulations.simulator.marks import CODES, Probe, paths

PATHS: Final = paths(
    "node.relay_reading:create_again",
    "node.relay_reading:amend_again",
    "node.relay_reading:begin_anew",
    "node.links:Links.call_by_cards",
    "node.fork_views:judge",
    "node.suspending:suspend",
    "node.enrolment:enrol",
    "node.node:Node._fold_anew",
    "node.node:Batch.give_up",
    "node.ledger_file:explain",
    "node.ledger_file:fold_log",
    "node.continuity:Continuity._note",
    "replication.own_chain:OwnChain._furthest",
    "node.relay_founding:add",
    "relay.sql_store:SqlStore.renew",
)
PROBES: Final[tuple[Probe, ...]] = (*CODES, *PATHS)
_CODES: Final = """
    at relay:bad_blob
    at relay:bad_message
    at relay:bad_signature
    at relay:no_hello
    at relay:not_allowed
    at relay:stale_access
    at relay:unasked
    at relay:unknown_mailbox
    ended:bad_bundle
    ended:bad_message
    ended:bad_signature
    ended:bundle_version
    ended:closing
    ended:no_right
    ended:noise-long
    ended:noise-tampered
    ended:replaced
    ended:restarted
    ended:storage_full
    ended:store_failed
    ended:suspended
    refused:already_connected
    refused:bad_bundle
    refused:bad_message
    refused:bad_signature
    refused:bundle_version
    refused:link-hello
    refused:link-version
    refused:no_right
    refused:noise-long
    refused:noise-short
    refused:noise-tampered
    refused:peer_gone
    refused:peer_refused
    refused:storage_full
    refused:store_failed
    refused:suspended
    relay store:unavailable
    relay:altered
    relay:behind
    relay:forged_head
    relay:restored
    relay:rolled_back
    relay:withheld
    replication:bad_bundle
    replication:bad_cbor
    replication:bad_message
    replication:bad_signature
    replication:bad_time
    replication:bundle_version
    replication:link-hello
    replication:link-version
    replication:no_right
    replication:noise-long
    replication:noise-short
    replication:noise-tampered
    replication:suspended
    said:already_connected
    said:cap_exceeded
    said:multiple_of_savings
    said:needs_another_officer
    said:no_loan
    said:no_meeting
    said:not_permitted
    said:not_reversible
    said:nothing_held
    said:one_hand
    said:out_of_range
    said:peer_gone
    said:peer_refused
    said:phone_forked
    said:phone_moved
    said:phone_restored
    said:relay_gone
    said:relay_not_allowed
    said:relay_stale_access
    said:relay_unavailable
    said:relay_unknown_mailbox
    said:storage_full
    said:store_damaged
    said:store_failed
    said:unknown_member
    said:unreachable
    said:waiting_for_officers
"""
"""Codes that phones and relays gave, each with where it came from."""

_PATHS: Final = """
    path:node.continuity:Continuity._note
    path:node.enrolment:enrol
    path:node.fork_views:judge
    path:node.ledger_file:explain
    path:node.ledger_file:fold_log
    path:node.node:Batch.give_up
    path:node.node:Node._fold_anew
    path:node.relay_founding:add
    path:node.relay_reading:begin_anew
    path:node.suspending:suspend
    path:relay.sql_store:SqlStore.renew
    path:replication.own_chain:OwnChain._furthest
"""
"""Functions for rare cases."""

MARKS: Final[tuple[str, ...]] = (
    *(mark.strip() for text in (_CODES, _PATHS) for mark in text.strip().splitlines()),
    *(f"fault:{kind}" for kind in (*nemesis.KINDS, *adversaries.KINDS)),
)
"""What fifty stories of a few weeks come by, every time: if one is missing, something is tried no
more. A code that came in one or two of them only is not here, though it may be told."""
