"""The way of a camera's frames to the recorder: some never arrive, some arrive late."""

from __future__ import annotations

from collections.abc import Sequence

from retailsim.simulate.faults import FrameLoss
from retailsim.simulate.streams import stream

# A frame reaches the recorder after exposure, encoding and network (assumed).
LATENCY_NS = 40_000_000


class Network:
    """The network of one camera; its draws depend on seed and camera id alone.

    Losses come in bursts, by a chain of two states (Gilbert 1960, "Capacity of a burst-noise
    channel"). Delays of late frames are exponential; no frame overtakes the one before.

    Args:
        camera: its id.
        losses: faults of the session; those of other cameras are passed over.
        seed: of all draws.
        start_ns: the scenario's start, from which faults count.
    """

    def __init__(
        self, camera: str, losses: Sequence[FrameLoss], *, seed: int, start_ns: int
    ) -> None:
        self._losses = [loss for loss in losses if loss.camera == camera]
        self._draws = stream(seed, "camera", camera, "network")
        self._start_ns = start_ns
        self._losing: bool | None = None
        self._before_ns = 0

    def arrival_ns(self, time_ns: int) -> int | None:
        """Return when a frame arrives, None for never; call once a frame, in order."""
        arrival = time_ns + LATENCY_NS
        loss = self._fault_at(time_ns - self._start_ns)
        if loss is None:
            self._losing = None
        else:
            # As many draws whatever happens: one setting does not change what another does.
            chance, late, delay = *self._draws.random(2), self._draws.exponential()
            self._losing = chance < _loss_probability(loss, self._losing)
            if self._losing:
                return None
            if late < loss.late_share:
                arrival += round(delay * loss.delay_s * 1e9)
        self._before_ns = max(self._before_ns, arrival)
        return self._before_ns

    def _fault_at(self, elapsed_ns: int) -> FrameLoss | None:
        for loss in self._losses:
            since_ns = elapsed_ns - round(loss.from_s * 1e9)
            if since_ns >= 0 and (loss.for_s is None or since_ns < round(loss.for_s * 1e9)):
                return loss
        return None


def _loss_probability(loss: FrameLoss, losing: bool | None) -> float:
    """Return how likely the next frame is lost, knowing whether the last one was."""
    if losing is None:
        return loss.drop_share
    odds = loss.drop_share / (1 - loss.drop_share)
    burst = max(loss.burst_frames, odds)  # many losses cannot come in short bursts
    return 1 - 1 / burst if losing else odds / burst
