"""How processes of one replay hand each other frames and messages: through shared memory.

    memory    anonymous memory, and whether there is enough of it
    wires     pipes that carry wake-ups and small records, and hang up when an end dies
    ledger    which slot is read by whom (pure)
    writing, reading, ring    frames: written once into a slot, read by all
    codec, channel            messages: arrays as they are, from one process to another
    children  processes that die with their parent

Why not a library: iceoryx2 (0.10, Python binding) lends slots and hands out samples without a
copy, but it lives in files. After SIGKILL of a process with one 640 x 360 publisher it left four
files of 23 MB in /dev/shm and a node's folder under /tmp, which stay until another process asks it
to clean up; when the parent is killed too, nobody does. It also says nothing of anonymous memory,
and a subscriber's place is taken back by what is written in those files. `multiprocessing` is no
better: its SharedMemory has a name, and its Lock stays locked when its holder is killed. So all
memory here is anonymous (`memfd_create`), reached through descriptors that children inherit, and
all waiting is on pipes: the kernel frees the one and hangs up the other when the last process
that holds them ends, however it ends. Nothing has a name, so nothing can be left behind.

Only one process ever changes a given word of the memory, and what is in it is told through a pipe
after it was written: the kernel's own locks order the two, on every kind of processor. Which slot
is lent to whom is known to the ring's writer alone, in its own memory; there is no lock that a
killed process could take along.
"""

from retailsim.engine.shm.channel import MessageChannel, MessageReader, MessageWriter, Packet
from retailsim.engine.shm.children import start_child
from retailsim.engine.shm.codec import EVERY_KIND, MessageCodec
from retailsim.engine.shm.memory import require_room, shared_memory_room
from retailsim.engine.shm.reading import FrameReader, Lease
from retailsim.engine.shm.ring import FrameRing, RingSpec
from retailsim.engine.shm.wires import PeerGoneError
from retailsim.engine.shm.writing import FrameWriter, Slot

__all__ = [
    "EVERY_KIND",
    "FrameReader",
    "FrameRing",
    "FrameWriter",
    "Lease",
    "MessageChannel",
    "MessageCodec",
    "MessageReader",
    "MessageWriter",
    "Packet",
    "PeerGoneError",
    "RingSpec",
    "Slot",
    "require_room",
    "shared_memory_room",
    "start_child",
]
