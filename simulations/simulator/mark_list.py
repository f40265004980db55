"""Which marks there are: what a run of many seeds must have come by."""

from typing import Final

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

_FAULTS: Final = """
    fault:all-old-but-one
    fault:asleep
    fault:break
    fault:clock-1970
    fault:clock-2100
    fault:clock-jumps
    fault:clock-right
    fault:clock-years
    fault:cloned
    fault:cut
    fault:cut-after-frame
    fault:deaf
    fault:disk-full
    fault:double
    fault:drop
    fault:flip
    fault:half-open
    fault:io-error
    fault:io-errors
    fault:kill
    fault:kill-at-step
    fault:kill-at-write
    fault:killed-joining
    fault:liar-babbles
    fault:liar-drips
    fault:liar-forges-receipts
    fault:liar-is-endless
    fault:liar-is-mute
    fault:liar-loses-beginning
    fault:liar-refuses
    fault:liar-replays
    fault:liar-reverses
    fault:liar-swaps
    fault:liar-withholds
    fault:lost
    fault:moved
    fault:no-multicast
    fault:no-open
    fault:off
    fault:old-phone
    fault:one-way-cut
    fault:partition
    fault:power-cut-dropped
    fault:power-cut-shuffled
    fault:power-cut-subset
    fault:power-cut-torn
    fault:relay-clock
    fault:relay-disk-full
    fault:relay-disk-lost
    fault:relay-founding-cut
    fault:relay-io-error
    fault:relay-kill
    fault:relay-kill-at-write
    fault:relay-power-cut-dropped
    fault:relay-power-cut-shuffled
    fault:relay-power-cut-subset
    fault:relay-power-cut-torn
    fault:relay-restart
    fault:relay-restored
    fault:relay-restored-unsaid
    fault:relay-slow
    fault:relay-unreachable
    fault:restored
    fault:restored-whole
    fault:rogue-backdating
    fault:rogue-begins-again
    fault:rogue-bomb
    fault:rogue-broken-bundles
    fault:rogue-caps
    fault:rogue-checkpoints
    fault:rogue-claims-more
    fault:rogue-demotes-all
    fault:rogue-double-spend
    fault:rogue-doubled-frames
    fault:rogue-enrols
    fault:rogue-flood
    fault:rogue-garbage-frames
    fault:rogue-garbage-messages
    fault:rogue-have-lies
    fault:rogue-hole-in-chain
    fault:rogue-junk-in-log
    fault:rogue-junk-slots
    fault:rogue-nonsense-events
    fault:rogue-orphans
    fault:rogue-poisoned-keys
    fault:rogue-relay-searches
    fault:rogue-reordered-frames
    fault:rogue-replay
    fault:rogue-rewriting
    fault:rogue-sets-rules
    fault:rogue-silence
    fault:rogue-slow-drip
    fault:rogue-unknown-kinds
    fault:rogue-unknown-labels
    fault:rot
    fault:short-read
    fault:slow
    fault:slow-phone
    fault:stall
    fault:stranger-announcements
    fault:stranger-handshake-flood
    fault:stranger-not-let-in
    fault:stranger-slowloris
    fault:stranger-unknown-hello
    fault:swap
    fault:swizzle
    fault:sync-error
    fault:unknown-kind
"""
"""Kinds of what goes wrong."""

MARKS: Final[tuple[str, ...]] = tuple(
    mark.strip() for text in (_CODES, _FAULTS, _PATHS) for mark in text.strip().splitlines()
)
"""What fifty stories of a few weeks come by, every time: if one is missing, something is tried no
more. A code that came in one or two of them only is not here, though it may be told."""
