"""Who is who over all cameras: tracklets fused into persons on the floor plan.

Cameras overlap, so the floor says who is who: within each camera tracklets and persons are
matched one to one by place, with a preference for the person a tracklet had before. Appearance
helps only to find people again who were out of sight. Two people dressed alike stay two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import dist
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Embeddings, FloorPositions, Identities, People, Tracks
from retailsim.stack.identity import walk
from retailsim.stack.identity.likely import NEVER, Crowd, costs, mahalanobis
from retailsim.stack.identity.overlook import Overlook
from retailsim.stack.identity.person import Look, Person, Sight, sight_cov
from retailsim.stack.identity.places import Places
from retailsim.stack.identity.settings import IdentitySettings
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track.association import match

LONGEST_STEP_S = 0.5  # a gap in the recording is not time in sight


class FloorIdentity(Stage):
    """Fuses all cameras' tracklets into persons; Identities and People out, once per tick.

    A tracklet without a floor position (camera without calibration) is a person of its own in
    Identities and absent from People; without any calibrated camera there is no People message.

    Args:
        context: the plan gives cameras, door and fitting rooms.
        settings: fields of `IdentitySettings`.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (Tracks, FloorPositions, Embeddings)
    outputs: ClassVar[tuple[type[Message], ...]] = (Identities, People)

    def __init__(self, context: StageContext, **settings: float) -> None:
        super().__init__(context)
        try:
            self._settings = IdentitySettings(**settings)
        except TypeError as error:
            raise StageError(f"identity: {error}") from error
        self._places = Places(
            context.plan, door_m=self._settings.door_m, screen_m=self._settings.screen_m
        )
        self._overlook = Overlook(context.plan)
        self._eye_m = {
            c.id: None if c.position_m is None else np.array(c.position_m[:2])
            for c in context.plan.cameras
        }
        self._on_floor = any(c.calibrated for c in context.plan.cameras)
        self._tracks: dict[str, Tracks] = {}
        self._floor: dict[str, FloorPositions] = {}
        self._persons: dict[int, Person] = {}
        self._owner: dict[int, int] = {}  # track -> person
        self._alone: dict[int, int] = {}  # track without a place -> person
        self._looks: dict[int, Look] = {}  # track -> recent appearance
        self._fresh: dict[int, NDArray[np.float32]] = {}  # track -> look of this tick
        self._against_s: dict[int, float] = {}  # track -> how long it has contradicted
        self._near_s: dict[tuple[int, int], float] = {}  # pair -> how long they were one place
        self._last_number = 0
        self._before_ns: int | None = None

    def process(self, message: Message) -> Iterable[Message]:
        """Collect what the cameras saw."""
        if isinstance(message, Tracks):
            self._tracks[message.camera] = message
        elif isinstance(message, FloorPositions):
            self._floor[message.camera] = message
        elif isinstance(message, Embeddings):
            for track_id, vector in zip(message.track_id.tolist(), message.vector, strict=True):
                self._looks.setdefault(track_id, Look()).add(vector, self._settings.look_keep)
                self._fresh[track_id] = vector
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Fuse what was seen since the last tick; nothing to say when no frame came."""
        if not self._tracks:
            return ()
        time_ns = max(tracks.time_ns for tracks in self._tracks.values())
        sights = self._sights()
        self._tracks, self._floor = {}, {}
        dt_s = 0.0 if self._before_ns is None else (time_ns - self._before_ns) * 1e-9
        self._before_ns = time_ns
        self._predict(dt_s)
        step_s = min(dt_s, LONGEST_STEP_S)
        seen = self._assign([s for s in sights if s.placed])
        self._observe(seen, time_ns, step_s)
        seen = self._merge(seen, step_s)
        self._let_go(time_ns)
        self._fresh.clear()
        identities = self._identities(sights, seen, time_ns)
        return (identities, self._people(time_ns)) if self._on_floor else (identities,)

    def _sights(self) -> list[Sight]:
        """Join tracks and floor positions, in order of camera id and track number."""
        sights = []
        for camera in sorted(self._tracks):
            tracks, floor = self._tracks[camera], self._floor.get(camera)
            numbers = tracks.track_id.tolist()
            xy_m, sigma_m = np.full((len(numbers), 2), np.nan), np.full(len(numbers), np.nan)
            if floor is not None:
                row = {t: i for i, t in enumerate(floor.track_id.tolist())}
                here = [i for i, number in enumerate(numbers) if number in row]
                there = [row[numbers[i]] for i in here]
                xy_m[here], sigma_m[here] = floor.xy_m[there], floor.sigma_m[there]
            cov = sight_cov(xy_m, sigma_m, self._eye_m.get(camera))
            placed = (np.isfinite(xy_m).all(axis=1) & np.isfinite(cov).all(axis=(1, 2))).tolist()
            rows = zip(numbers, tracks.boxes_px, xy_m, cov, placed, strict=True)
            sights += [Sight(tracks.time_ns, camera, *row) for row in rows]
        return sights

    def _predict(self, dt_s: float) -> None:
        about = [p for p in self._persons.values() if p.room_m is None]
        later = walk.predict_all([p.walk for p in about], dt_s)
        for person, there in zip(about, later, strict=True):
            person.walk = there

    def _assign(self, sights: Sequence[Sight]) -> dict[int, list[Sight]]:
        """Match each camera's sights to persons, making new ones; person -> its sights."""
        seen: dict[int, list[Sight]] = {}
        crowd = Crowd.of(self._persons.values(), self._places)
        for camera in dict.fromkeys(s.camera for s in sights):
            here = [s for s in sights if s.camera == camera]
            if len(crowd) < len(self._persons):  # somebody came in
                crowd = Crowd.of(self._persons.values(), self._places)
            numbers = crowd.number.tolist()
            cost = costs(here, crowd, self._owner, self._looks, self._places, self._settings)
            rows, columns = match(cost, min(self._settings.dearest, NEVER / 2))
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
                self._owner[here[i].track_id] = numbers[j]
            known = set(rows.tolist())
            for i, sight in enumerate(here):
                if i in known:
                    seen.setdefault(self._owner[sight.track_id], []).append(sight)
            told = [here[i] for i in sorted(known)]
            for sight in (s for i, s in enumerate(here) if i not in known):
                twin = self._twin(sight, told)
                if twin is not None:
                    self._owner[sight.track_id] = self._owner[twin.track_id]
                    continue
                self._owner[sight.track_id] = self._new_person(sight).number
                seen.setdefault(self._owner[sight.track_id], []).append(sight)
                told.append(sight)
        return seen

    def _twin(self, sight: Sight, others: Sequence[Sight]) -> Sight | None:
        """Return the other box of the same body: nobody stands inside somebody else."""
        gaps_m = [dist(sight.xy_m, other.xy_m) for other in others]
        nearest = int(np.argmin(gaps_m)) if gaps_m else -1
        return others[nearest] if gaps_m and gaps_m[nearest] < self._settings.body_m else None

    def _new_person(self, sight: Sight) -> Person:
        self._last_number += 1
        person = Person(
            self._last_number,
            walk.start(sight.xy_m, sight.cov),
            born_ns=sight.time_ns,
            seen_ns=sight.time_ns,
        )
        self._persons[person.number] = person
        return person

    def _observe(self, seen: dict[int, list[Sight]], time_ns: int, dt_s: float) -> None:
        agreeing = {n: self._agreeing(self._persons[n], seen[n], dt_s) for n in seen}
        self._follow(agreeing)
        for number, sights in agreeing.items():
            person = self._persons[number]
            for sight in sights:
                person.cameras[sight.camera] = time_ns
                if sight.track_id in self._fresh:
                    person.look.add(self._fresh[sight.track_id])
            person.seen_ns = time_ns
            person.walk_on()
            person.observed_s += dt_s
            person.confirmed = person.confirmed or self._convincing(person)

    def _follow(self, seen: Mapping[int, Sequence[Sight]]) -> None:
        """Take each person's sights into their walk: everybody's first, everybody's second..."""
        for number, sights in seen.items():
            person = self._persons[number]
            if person.room_m is not None:
                person.room_m = None
                person.walk = walk.start(sights[0].xy_m, sights[0].cov)
        for turn in range(max(map(len, seen.values()), default=0)):
            whose = [self._persons[n] for n, sights in seen.items() if len(sights) > turn]
            sights = [own[turn] for own in seen.values() if len(own) > turn]
            places, covs = np.array([s.xy_m for s in sights]), np.array([s.cov for s in sights])
            later = walk.update_all([p.walk for p in whose], places, covs)
            for person, there in zip(whose, later, strict=True):
                person.walk = there

    def _convincing(self, person: Person) -> bool:
        """Whether somebody was seen long enough; longer if only one camera sees what two must."""
        if person.observed_s < self._settings.confirm_s - 1e-6:
            return False
        alone = len(person.cameras) < 2 and person.observed_s < self._settings.alone_s
        return not alone or self._overlook.cameras(person.walk.xy_m) < 2

    def _agreeing(self, person: Person, sights: list[Sight], dt_s: float) -> list[Sight]:
        """Leave out sights that contradict the others; free them when they keep doing so."""
        kept = list(sights)
        while len(kept) > 1:
            pairs = list(combinations(kept, 2))
            against = [self._contradiction(*pair) for pair in pairs]
            most = max(against)
            if most <= self._settings.conflict:
                break
            worst = pairs[against.index(most)]
            away = [float(mahalanobis(s.xy_m - person.walk.xy_m, s.cov)[0]) for s in worst]
            odd = worst[0] if away[0] > away[1] else worst[1]
            kept = [s for s in kept if s is not odd]
            against_s = self._against_s.get(odd.track_id, 0.0) + dt_s
            self._against_s[odd.track_id] = against_s
            if against_s >= self._settings.conflict_s:
                self._owner.pop(odd.track_id, None)
                self._against_s.pop(odd.track_id)
        for sight in kept:
            self._against_s.pop(sight.track_id, None)
        return kept

    def _contradiction(self, one: Sight, two: Sight) -> float:
        spread = one.cov + two.cov + 2 * self._settings.model_sigma_m**2 * np.eye(2)
        return float(mahalanobis(one.xy_m - two.xy_m, spread)[0])

    def _merge(self, seen: dict[int, list[Sight]], dt_s: float) -> dict[int, list[Sight]]:
        """Make one of two persons who stay in one place and are never both in one camera."""
        cameras = {n: {s.camera for s in sights} for n, sights in seen.items()}
        places = {n: self._persons[n].walk.xy_m.tolist() for n in seen}
        for one, two in combinations(sorted(seen), 2):
            gap_m = dist(places[one], places[two])
            near_s = self._near_s.get((one, two), 0.0)
            together = not cameras[one].isdisjoint(cameras[two])
            if together and gap_m >= self._settings.body_m:
                self._near_s[one, two] = -self._settings.apart_s
            elif together:
                self._near_s[one, two] = max(near_s, 0.0) + dt_s
            elif gap_m < self._settings.merge_m:
                self._near_s[one, two] = near_s + dt_s
            elif (one, two) in self._near_s:
                self._near_s[one, two] = near_s + dt_s if near_s < 0 else max(near_s - dt_s, 0.0)
        for (one, two), near_s in list(self._near_s.items()):
            alive = one in self._persons and two in self._persons
            if alive and near_s >= self._settings.merge_s:
                self._join(one, two)
                seen[one] = seen.get(one, []) + seen.pop(two, [])
            if not alive:
                del self._near_s[one, two]
        return seen

    def _join(self, one: int, two: int) -> None:
        """Let the earlier number live on."""
        keep, gone = self._persons[one], self._persons.pop(two)
        if np.trace(gone.walk.place_cov) < np.trace(keep.walk.place_cov):
            keep.walk = gone.walk
        keep.seen_ns = max(keep.seen_ns, gone.seen_ns)
        keep.observed_s = max(keep.observed_s, gone.observed_s)
        keep.confirmed |= gone.confirmed
        if gone.look.total is not None:
            keep.look.add(gone.look.total, keep=1.0)
        for track_id, number in self._owner.items():
            if number == two:
                self._owner[track_id] = one

    def _let_go(self, time_ns: int) -> None:
        """Forget who has left; remember who is behind a curtain."""
        s = self._settings
        at_door = Crowd.of(self._persons.values(), self._places).at_door.tolist()
        for (number, person), by_door in zip(list(self._persons.items()), at_door, strict=True):
            unseen_s = person.unseen_s(time_ns)
            if not person.confirmed:
                limit_s = s.doubt_s
            elif person.room_m is not None:
                limit_s = s.room_s
            elif by_door:
                limit_s = s.leave_s
            else:
                limit_s = s.forget_s
            if unseen_s > limit_s:
                del self._persons[number]
            elif person.confirmed and person.room_m is None and unseen_s > s.fresh_s:
                taken = [p.room_m for p in self._persons.values() if p.room_m is not None]
                room = self._places.fitting_room(person.vanished_at_m(), taken=taken)
                if room is not None:
                    person.room_m, person.walk = room, walk.start(room, s.screen_m**2 * np.eye(2))
        for track_id in [t for t, n in self._owner.items() if n not in self._persons]:
            del self._owner[track_id]

    def _number_of(self, sight: Sight) -> int:
        """Return the person of a tracklet that has no place on the floor."""
        if sight.track_id in self._owner:
            return self._owner[sight.track_id]
        if sight.track_id not in self._alone:
            self._last_number += 1
            self._alone[sight.track_id] = self._last_number
        return self._alone[sight.track_id]

    def _identities(
        self, sights: Sequence[Sight], seen: dict[int, list[Sight]], time_ns: int
    ) -> Identities:
        now = {s.track_id: person for person, of in seen.items() for s in of}
        who = [now.get(s.track_id) or self._number_of(s) for s in sights]
        return Identities(
            time_ns,
            np.array([s.camera for s in sights], np.str_),
            np.array([s.track_id for s in sights], np.int64),
            np.array(who, np.int64),
            np.array([s.box_px for s in sights], np.float32).reshape(-1, 4),
        )

    def _people(self, time_ns: int) -> People:
        told = [
            p
            for p in self._persons.values()
            if p.room_m is not None or p.unseen_s(time_ns) <= self._settings.hold_s
        ]
        return People(
            time_ns,
            np.array([p.number for p in told], np.int64),
            np.array([p.walk.xy_m for p in told], float).reshape(-1, 2),
            np.array([p.confirmed for p in told], bool),
        )
