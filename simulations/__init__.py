"""A village on one machine: what its people do, three phones that record it, and how fast.

- `village.py`  a seeded life of a savings group, as deeds; knows nothing of phones or events
- `season.py`   the same life as a passbook sheet; `sheets/umoja-season.csv` is one season of it
- `ledger.py`   the same life as events of `model`, recorded by two officers
- `demo.py`     three real phones, a market day with the network cut, and what they agree on
- `hostile.py`  a device that means harm
- `bench.py`    every promised speed beside its reference, measured in the same run

Shipped with the package because `mkutano demo` plays it. Chance here is always seeded.
"""
