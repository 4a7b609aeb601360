"""The pipelined executor: stages in processes of their own, the results those of the serial one.

    machine      how many cores there are
    partition    which stages share a process (pure)
    layout       who tells whom what (pure)
    notes        what processes tell each other beside the stages' words
    mail         channels of a process: takes in while it waits, so nobody waits in a circle
    board        who is doing what, in shared memory, for the watchdog
    easel        where frames are decoded to
    decode       the process that reads the bag, forms ticks and fills the frame ring
    worker       a process that runs some of the stages
    crew         the parent's hold on all of them: starts, watches, ends
    attach       how running processes come to channels of one that was started anew
    revival      which are started anew
    executor     the parent: collects what is said, in canonical order

`decode` forms the same capture ticks as the serial executor, decodes frames into slots of a ring
in shared memory, and hands each tick to every worker: its number and watermark, the messages that
the worker's stages read, and how many frames to take from the ring. A worker runs its stages in
running order. What a stage said is sent at once to each worker with a stage behind it that reads
such messages, as one packet, also when it is empty. Before a stage runs, its worker has the
packets of all stages before it that may feed it, of this tick; it puts them in running order. So
each stage is given exactly what the serial executor gives it, in the same order, whatever the
speeds; nothing depends on time. The end of the session is one more round of the same kind.

Bounds: `decode` is at most `window` ticks ahead of the slowest stage; the parent, who gets a report
of every worker on every tick, lets it go on. That bounds slots and messages under way, so who
waits may take in all that comes: a sender that waits for room takes in too, and the earliest
unfinished step of the earliest tick can always go on. So any partition works, also one whose
processes feed each other both ways (such processes take turns, and gain little).

Errors: a stage that fails is reported with its place, (tick, row in running order). The parent
waits until no earlier error can come, and raises the earliest: what the serial executor says. A
process that dies is noticed by its sentinel. A stage that does not return is noticed on the board.

Live (`run_pipelined_live`): `decode` plays the recording at its own pace, keeps a short row of
complete ticks that wait for their turn, and drops the oldest frames of it. A worker that died or is
stuck is started anew (`revival`), one at a time. Until then those who would hear from it take it as
silent, and those who would tell it something do not. When its stages are made, all who deal with
it get ends of new channels (`attach`), to be used from the first tick that was not yet let go; so
all agree on when it is back without waiting for each other. Its frame slots went back when the
kernel hung up its wire, and nobody else's; as a reader of the ring it is a new one.
"""

from retailsim.engine.pipeline.decode import BagSource, Source
from retailsim.engine.pipeline.executor import STALL_S, run_pipelined, run_pipelined_live
from retailsim.engine.pipeline.machine import cores, workers_of_machine
from retailsim.engine.pipeline.partition import Group, partition

__all__ = [
    "STALL_S",
    "BagSource",
    "Group",
    "Source",
    "cores",
    "partition",
    "run_pipelined",
    "run_pipelined_live",
    "workers_of_machine",
]
