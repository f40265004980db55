"""The relay: mailboxes of opaque blobs that it can neither read nor change unseen.

A mailbox is an append-only log. Officers' devices push sealed blobs and pull what others pushed;
the relay gives each entry a cursor, chains the entries by hashes and signs where the chain stands,
so that two devices which compare what they were told find out any lie. Who may write is a list that
the group's own devices sign; the relay only checks the signatures.

    facts.py      what is signed: mailbox ids, access lists, entries, heads, checkpoints
    protocol.py   the messages of a connection; `PROTOCOL.md` has every byte, with vectors
    store.py      what a relay needs of a disk; sqlite_store.py and postgres_store.py keep it, and
                  ask the same statements of either (statements.py, standing.py, log_entries.py …)
    desk.py       what each request asks of the store, and the answer: the relay without its sockets
                  (deciding.py: lists and checkpoints; rooms.py: who hears of what; pushes.py: the
                  way to the disk; limits.py: how fast)
    server.py     a relay that runs: connection.py and reception.py hold its sockets, upkeep.py the
                  work behind them, admin.py the operator's port, cli.py `python -m relay`;
                  `OPERATING.md` is for whoever runs one

Nothing here knows what a group, a member or an amount is, and this package imports none of the
others: a relay can be run by somebody who is not trusted with anything.
"""
