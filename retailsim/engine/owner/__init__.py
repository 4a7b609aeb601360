"""One process that owns a GPU, for many processes whose networks run there.

    turns    whose batches go together (pure)
    desk     where a guest lays what its network is fed, and finds what it says: shared memory
    words    what guest and owner say to each other
    guest    a process whose networks run elsewhere; for its stages they are networks like others
    service  what the owner does

Processes that each had the device for themselves would each hold its libraries and kernels in its
memory, and their work would take turns on it, batch after small batch. Here a network that many
guests bring is one network, and what they ask of it while the device is at work is one batch next,
up to a limit.
Nobody is held back so that others may join, and nobody waits for more than the batch at work, those
whose oldest request came before his, and networks that are made ready.

What a network says may differ in its last digits with the size of the batch, and so with who else
asks: good for sessions that are served live, not for those that must always have one digest.
"""

from retailsim.engine.owner.desk import ROOM_BYTES, make_seats
from retailsim.engine.owner.guest import Guest
from retailsim.engine.owner.service import be_owner

__all__ = ["ROOM_BYTES", "Guest", "be_owner", "make_seats"]
