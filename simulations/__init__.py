"""A village on one machine: what its people do, what goes wrong, and how fast it all is.

- `village.py`   a seeded life of a savings group, as deeds; knows nothing of phones or events
- `season.py`    the same life as a passbook sheet; `sheets/umoja-season.csv` is one season of it
- `ledger.py`    the same life as events of `model`, recorded by two officers
- `seasons.py`   years of officers who write apart and make mistakes; `second_reckoning.py` adds
                 their money up without a look at the book, `compare.py` says where the two differ
- `strangers.py` logs that no village would write; `stranger_laws.py` what must hold for them
- `demo.py`      three real phones, a market day with the network cut, and what they agree on
- `hostile.py`   a device that means harm
- `simulator/`   whole stories of villages in one thread, with everything that can go wrong
- `disk/`        a disk that fails and is cut off, simulated and real
- `wire/`        real phones and a relay on a wire that loses, forges and cuts
- `fuzzing/`     every parser that meets a stranger's bytes, and admission
- `mutation/`    whether the tests would notice a fault
- `bench/`       every promised speed beside its reference, measured in the same run; and the peers

`FOUND.md` lists what they found. The package is shipped because `mkutano demo` plays it. Chance
here is always seeded.
"""
