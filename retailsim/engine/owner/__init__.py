"""One process that owns a GPU, for many processes whose networks run there.

    turns   whose batches go together (pure)
    desk    where a guest lays what its network is fed, and finds what it says: shared memory
    guest   a process whose networks run elsewhere; for its stages they are networks like others
    host    the process that owns the device

Processes that each had the device for themselves would each hold its libraries and kernels in its
memory, and their work would take turns on it, batch after small batch. Here a network that many
guests bring is one network, and what they ask of it while the device is at work is one batch next.
Nobody is held back so that others may join: a request waits for the batch at work and for those
that came before it, and for nothing else.
"""

from retailsim.engine.owner.desk import make_seats
from retailsim.engine.owner.guest import Guest
from retailsim.engine.owner.host import be_host

__all__ = ["Guest", "be_host", "make_seats"]
