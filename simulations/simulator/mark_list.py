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
    "node.relay_founding:add",
    "relay.sql_store:SqlStore.renew",
)
PROBES: Final[tuple[Probe, ...]] = (*CODES, *PATHS)
MARKS: Final[tuple[str, ...]] = ()
