"""A hostile wire: real phones and a real relay, with everything a bad network does between them.

- `frames.py`     Ethernet frames: what is in them, and how they are damaged
- `weather.py`    what a wire does to a frame, drawn from a seed
- `switch.py`     the one thread that carries frames between places
- `place.py`      a network of its own for each phone, as a thread that lives in it
- `proxy.py`      a TCP connection that breaks after so many bytes; needs no privileges
- `handsets.py`   `mkutano run` and the relay's own program at such a place
- `strangers.py`  somebody in the room who floods, forges and holds lines open
- `wrong_clock.py`  starts Mkutano on a phone whose date is wrong
- `village.py`    three phones, a relay and the wire; when they agree
- `scenes.py`, `relay_scenes.py`  what is shown, one function each
- `cutting.py`    one exchange, cut after each byte
- `playing.py`    plays the scenes, judges, and always tears down
- `__main__.py`   `python -m simulations.wire --seed S --minutes M`

Rule: nothing waits for time to pass; it waits until phones say something, with a deadline. The
switch draws from its seed, but what phones send depends on the machine: a seed gives the same
mix of faults, not the same frames.
"""
