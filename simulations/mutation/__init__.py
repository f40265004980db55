"""Would the tests notice? Small faults are planted in a core, one at a time, and the tests are run.

    mutants    which small faults a file can hold, and how its text reads with one of them
    tracing    which tests run which line, and how long each takes: a plugin for pytest
    choosing   for a fault, the tests that run its line, quickest first, up to a budget
    trials     a forked child imports the project with the fault in it and runs those tests

`python -m simulations.mutation` draws a seeded sample and prints how many were noticed, with a 95 %
interval, and each that was not. A fault that survives shows a missing test, or changes nothing that
anybody can see: `SURVIVORS.md` says which, one by one. Nothing here is imported by the product.
"""
