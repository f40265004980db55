"""A village in one thread: the whole product but its sockets, on virtual time and seeded chance.

    loop.py       time that jumps from one thing that happens to the next
    process.py    tasks that live and die together, as a killed process does
    wire.py       connections between machines, and what the weather does to them
    phone.py      a phone: home, disk, clock, and everything that `mkutano run` starts
    relay_host.py a relay on a disk of its own

Rule: nothing here reads a clock, a source of chance or a socket of the machine it runs on, and
nothing goes through a set whose order hangs on hashes; so a seed tells the same story every time.
"""
