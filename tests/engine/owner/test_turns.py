"""Whoever wants the same network goes together, and nobody is passed over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.owner.turns import Request, next_turn

MOST = 16


@st.composite
def queues(draw: st.DrawFn) -> list[Request]:
    wants = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, MOST + 4)), min_size=1))
    return [Request(guest, network, items) for guest, (network, items) in enumerate(wants)]


@given(queues())
def test_the_oldest_goes_and_takes_the_next_ones_of_its_network_along(queue: list[Request]) -> None:
    turn = next_turn(queue, most=MOST)
    same = [request for request in queue if request.network == queue[0].network]
    assert turn == same[: len(turn)]
    assert len(turn) == 1 or sum(request.items for request in turn) <= MOST
    if len(turn) < len(same):  # the next one would not have fitted
        assert sum(request.items for request in same[: len(turn) + 1]) > MOST


@given(queues())
def test_all_have_their_turn_and_none_of_a_network_before_an_older_one(
    queue: list[Request],
) -> None:
    gone: list[Request] = []
    waiting = list(queue)
    while waiting:
        turn = next_turn(waiting, most=MOST)
        gone += turn
        waiting = [request for request in waiting if request not in turn]
    assert sorted(gone, key=queue.index) == queue
    for network in range(3):
        order = [request.guest for request in gone if request.network == network]
        assert order == sorted(order)
