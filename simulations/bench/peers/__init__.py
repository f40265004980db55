"""We and the peers on one workload, in one run: `make bench-peers`.

- `rows.py`              the workload for those who know no books: packed rows, balances as a check
- `candidate.py`         what everybody is asked; an answer is figures by name
- `library.py`           a document library in those measures, with SQLite under it
- `automerge_peer.py`, `loro_peer.py`, `pycrdt_peer.py`, `websocket_peer.py`
                         the peers; none of them signs or seals
- `ours.py`, `ours_calling.py`
                         this project: replicas and a phone on disk; two phones over a real socket
- `floors.py`            what the payload, the disk and a signature cost alone
- `worker.py`            one candidate in a process of its own; answers lines of JSON
- `running.py`           asks all candidates in turn, round after round; medians and minima
- `tables.py`            what people read

The peers are a peer's best case: rows of 60 bytes instead of events, no signature, no refusal of
anything, saved compactly. A peer that is not installed is named and left out.
"""
