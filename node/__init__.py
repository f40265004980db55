"""How a phone works, from a tap to a total: the package that composes the other two.

    a tap    api, cli        -> commands     by name, checked by the rules before anything is signed
             commands        -> node         one journaled step: replica, books, store, then send
             node            -> store        one SQLite transaction a step
             node            -> links        what the step says to send, after the commit
    a peer   lan, listener, links, peer_link -> node.receive, and the same step
    a look   status, people, books           who holds what, names, balances
    a guest  invitations -> letting_in | coming_in, with people asked by pairings; then enrolment
    a vote   proposing, suspending, electing -> council_actions, by names that people use (names)
             paper_cards, restoring          a card votes; two bring the officers back
             ratifying, sealing              what waits is judged; a second officer signs a close
    a cloud  relay_links -> relay_engine     one cycle: access lists, doors, log, people, summaries
             relay_log, relay_view           blobs to changes and back; what a relay may claim
             relay_checkpoints               two officers sign what lets a relay drop older blobs
             relay_access, epoch_keys        who may use it, and what is sealed under which key
             door_slots, people_slots, summaries     what each phone says there beside the log
             card_rescue                     two cards and a relay, when every phone is gone
    a reader readers, reader_grants          who outside sees what until when
             following -> portfolio          an organisation's own side
    a doubt  verify                          everything derived again from the signed changes
             continuity, marker, fork_views  is this phone a copy or a backup; what was said of it
             erasing -> people               a person is forgotten, when officers agree
    a lock   cli_lock -> locking -> home     who may open the home at all: pin, guesses, keeper,
                                             device_file; sealed_ledger encrypts the books

Rule: a node is synchronous and lives on one thread (`node_thread`); asyncio is for sockets. Only
`clock` reads time and chance. An error is a sentence that its reader can act on (`errors`).
"""

import os

# Automerge panics leak a backtrace each when this is on; set before anything loads the library.
os.environ["RUST_BACKTRACE"] = "0"
