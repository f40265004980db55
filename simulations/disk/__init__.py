"""A disk that fails on purpose: SQLite over files in memory, power cuts, full and failing storage.

Nothing here shares code with the stores that it tests; it only hands them connections. It keeps no
thread, reads no clock and draws no chance but what it is given, so a run can be replayed.
"""

from simulations.disk.connection import SimulatedConnection
from simulations.disk.disk import PROCESS_ENDED, WAYS, Fault, SimulatedDisk
from simulations.disk.files import Way

__all__ = ["PROCESS_ENDED", "WAYS", "Fault", "SimulatedConnection", "SimulatedDisk", "Way"]
