"""Every promised speed beside its reference, measured in the same run on the same machine.

- `figures.py`    a figure and its target; medians of interleaved repetitions
- `histories.py`  a shared history of two devices, one change an event, of any length
- `exchange.py`   two replicas over an encrypted channel in memory: bytes, turns, time
- `meeting.py`    90 + 90 events, both ways
- `bootstrap.py`  an empty replica gets everything
- `phone.py`      writing, opening and advancing a real phone's ledger on disk
- `rejudging.py`  a phone is stopped: judging its last week again
- `fold.py`       the whole history folded into the book

Absolute times belong to the machine; the ratios are what is promised. Building the history is
outside every stopwatch.
"""
