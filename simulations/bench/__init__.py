"""Every promised speed beside its reference, measured in the same run on the same machine.

- `figures.py`    a figure and its target; medians of interleaved repetitions
- `histories.py`  a shared history of two devices, one change an event, of any length
- `exchange.py`   two replicas over an encrypted channel in memory: bytes, turns, time
- `meeting.py`    90 + 90 events, both ways
- `bootstrap.py`  an empty replica gets everything
- `phone.py`      writing, opening and advancing a real phone's ledger on disk
- `disk.py`       the least that a durable write costs
- `processes.py`  what is measured in a process of its own
- `rejudging.py`  a phone is stopped: judging its last week again
- `fold.py`       the whole history folded into the book
- `growth.py`     how each of our costs grows with the history; a command of its own
- `peers/`        we and the peers on one workload: `make bench-peers`
- `relay_load.py`, `relay_growth.py`, `relay_year.py`
                  a relay with a thousand devices, with a hundred thousand mailboxes, with a group's
                  year; each with a command of its own, and in short in `relay_short.py`
- `relay_devices.py`, `relay_crowd.py`, `relay_bare.py`, `relay_filling.py`, `relay_running.py`
                  what they are made of: light devices, a server that does nothing but pass on,
                  stores that are filled directly, real processes

Absolute times belong to the machine; the ratios are what is promised. Building the history is
outside every stopwatch.
"""
