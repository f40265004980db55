"""Strangers' bytes, by the million: every parser is fed, in a child that may die of it.

    python -m simulations.fuzzing                                 twenty thousand inputs, as in CI
    python -m simulations.fuzzing --minutes 60 [--target NAME]    as long as you like
    python -m simulations.fuzzing --admission 1000000             nearly valid changes

The law for each input: no crash; no hang (50 ms of processor time); no more than 10 MB of memory;
no exception but the documented ones; and what was taken is what was sent.

    target      what a target is, and the kinds of findings
    mutation    how an honest input becomes a dishonest one
    worker      one child under limits;  campaign  children one after the other, and their count
    shrinking   the smallest input that does the same;  corpus  what was found, for ever
    table       all targets:  those_of_links, those_of_sync, those_of_seals, those_of_relays,
                those_of_files, those_of_texts, those_of_api
    planted     parsers with a fault each, by which the laws are known to be watched
    admission   changes with one thing wrong, against a replica, its store and Automerge
    guided      the same targets under atheris, guided by coverage, where that is installed

Rule: an input is a function of (target, seed, number) alone, so a number is all that a failure
needs to be repeated. What is found is kept under tests/vectors/fuzz and tried in every run.
"""
