"""Which slot of a ring is lent to whom: the bookkeeping, without memory, pipes or processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Ledger:
    """Slots are free, borrowed by the writer, or published and read by some readers.

    Slots are numbers from 0, readers numbers of the caller's choice. Every publication has a
    generation of its own, from 1 and growing, by which an outdated claim on a slot is known.

    Attributes:
        generation: the last one published, 0 before the first.
    """

    def __init__(self, slots: int) -> None:
        self.generation = 0
        self._free = deque(range(slots))
        self._borrowed: set[int] = set()
        self._published: dict[int, int] = {}  # slot -> generation, oldest first
        self._readers: dict[int, set[int]] = {}  # slot -> who still reads it

    @property
    def free(self) -> int:
        """How many slots are free."""
        return len(self._free)

    @property
    def borrowed(self) -> frozenset[int]:
        """The slots that the writer fills now."""
        return frozenset(self._borrowed)

    def borrow(self) -> int | None:
        """Lend the slot that was free longest to the writer; None when none is."""
        if not self._free:
            return None
        slot = self._free.popleft()
        self._borrowed.add(slot)
        return slot

    def give_back(self, slot: int) -> None:
        """Take back a slot that the writer did not use; raises ValueError if it has none such."""
        if slot not in self._borrowed:
            raise ValueError(f"slot {slot} is not borrowed")
        self._borrowed.remove(slot)
        self._free.append(slot)

    def publish(self, slot: int, readers: Iterable[int]) -> int:
        """Lend a borrowed slot to readers; returns its generation. Without readers it is free.

        Raises:
            ValueError: the slot is not borrowed.
        """
        if slot not in self._borrowed:
            raise ValueError(f"slot {slot} is not borrowed")
        self._borrowed.remove(slot)
        self.generation += 1
        self._published[slot] = self.generation
        self._readers[slot] = set(readers)
        self._free_if_unread(slot)
        return self.generation

    def release(self, slot: int, generation: int, reader: int) -> None:
        """Take back one reader's lease; raises ValueError when the reader does not hold it."""
        if self._published.get(slot) != generation or reader not in self._readers[slot]:
            raise ValueError(
                f"reader {reader} does not hold generation {generation} of slot {slot}"
            )
        self._readers[slot].remove(reader)
        self._free_if_unread(slot)

    def take_back(self, reader: int, *, after: int = 0) -> int:
        """Take back a reader's leases of generations after that one; returns how many."""
        held = [
            slot
            for slot, generation in self._published.items()
            if generation > after and reader in self._readers[slot]
        ]
        for slot in held:
            self._readers[slot].remove(reader)
            self._free_if_unread(slot)
        return len(held)

    def published(self) -> list[tuple[int, int, frozenset[int]]]:
        """Return slot, generation and readers of all published slots, oldest first."""
        return [(s, g, frozenset(self._readers[s])) for s, g in self._published.items()]

    def _free_if_unread(self, slot: int) -> None:
        if not self._readers[slot]:
            del self._readers[slot], self._published[slot]
            self._free.append(slot)
