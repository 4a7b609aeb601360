"""What fusing cameras into persons takes for likely."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class IdentitySettings:
    """Gates and times of cross-camera identity.

    Attributes:
        model_sigma_m: how far a tracklet's floor position may be off beside its own sigma,
            because errors of one camera do not average out over time.
        gate: largest squared distance, in variances, at which a free tracklet joins a person
            (16 leaves out 0.03 % of a plane's normal distribution).
        stick: by how much, in the same measure, a tracklet prefers the person it had.
        dearest: a tracklet that fits nobody better than this is somebody new.
        conflict: two cameras' places of one person farther apart than this many squared standard
            deviations contradict each other.
        conflict_s: a tracklet that contradicts this long is set free.
        merge_m, merge_s: two persons this near for this long, and never both in one camera, are
            one.
        apart_s: seeing two persons at once in one camera forbids to merge them this long.
        body_m: two people's centres are never nearer than this: two such tracklets of one camera
            are two boxes on one body.
        confirm_s: time in sight before a person is confirmed.
        alone_s: the same for somebody whom one camera sees where two have a clear view.
        doubt_s: an unconfirmed person unseen this long is forgotten.
        leave_s: a person unseen this long near the door has left.
        hold_s: a person hidden this long is no longer told.
        forget_s: a person hidden this long is not looked for any more.
        room_s: the same for those in a fitting room.
        door_m: how near to the door people come out of nothing.
        screen_m: how near to a fitting room people may vanish into it.
        look_weight: what a difference of 1 in cosine costs, in the measure of `gate`.
        usual_look: cosine that speaks neither for nor against; also of those not looked at yet.
        least_look: hidden people come back only to a tracklet at least this similar.
        fresh_s: who is unseen longer is hidden.
        look_keep: share of a tracklet's appearance that each new look leaves, so that a tracklet
            that jumps to somebody else soon looks like them.
    """

    model_sigma_m: float = 0.15
    gate: float = 16.0
    stick: float = 5.0
    dearest: float = 25.0
    conflict: float = 12.0
    conflict_s: float = 0.3
    merge_m: float = 0.8
    merge_s: float = 0.5
    apart_s: float = 1.5
    body_m: float = 0.3
    confirm_s: float = 1.5
    alone_s: float = 10.0
    doubt_s: float = 0.5
    leave_s: float = 2.0
    hold_s: float = 3.0
    forget_s: float = 60.0
    room_s: float = 900.0
    door_m: float = 1.2
    screen_m: float = 0.8
    look_weight: float = 12.0
    usual_look: float = 0.4
    least_look: float = 0.25
    look_keep: float = 0.6
    fresh_s: float = 1.0
