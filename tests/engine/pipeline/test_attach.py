"""A sender that died is silent until the one that was started anew begins; then that one counts."""

from __future__ import annotations

import os

import pytest

from retailsim.engine.pipeline.attach import Mailbox, make_socket, send_attachment
from retailsim.engine.pipeline.mail import Inbox
from retailsim.engine.shm import MessageChannel, MessageReader, MessageWriter
from retailsim.messages.results import Crossing

KINDS = (Crossing,)


def channel() -> tuple[MessageWriter, MessageReader]:
    made = MessageChannel("p -> q", kinds=KINDS)
    return MessageWriter(made.writer()), MessageReader(made.reader())


def say(writer: MessageWriter, tick: int, person: int) -> None:
    writer.send([Crossing(0, "main", person, "in")], stamp_ns=tick)


def heard(inbox: Inbox, tick: int) -> list[int]:
    packet = inbox.take_at("p", tick)
    return [] if packet is None else [m.person for m in packet.messages]  # type: ignore[attr-defined]


def test_what_was_said_before_death_counts_and_then_there_is_silence() -> None:
    writer, reader = channel()
    inbox = Inbox({"p": reader})
    say(writer, 0, 10)
    say(writer, 1, 11)
    writer.abort()
    assert [heard(inbox, tick) for tick in range(4)] == [[10], [11], [], []]


def test_who_is_started_anew_counts_from_its_first_tick() -> None:
    writer, reader = channel()
    inbox = Inbox({"p": reader})
    say(writer, 0, 10)
    writer.abort()
    again, reader = channel()
    inbox.replace("p", reader, first=3)
    assert [heard(inbox, tick) for tick in range(3)] == [[10], [], []]
    assert not inbox.has_at("p", 3)
    say(again, 3, 13)
    say(again, 3, 23)
    inbox.wait()
    assert [heard(inbox, 3), heard(inbox, 3)] == [[13], [23]]
    again.close()
    assert heard(inbox, 4) == []


def test_an_attachment_is_kept_until_its_tick() -> None:
    ours, theirs = make_socket()
    mailbox = Mailbox(theirs)
    made = MessageChannel("p -> q", kinds=KINDS)
    assert mailbox.due(0) == []
    send_attachment(ours, made.reader(), peer="p", first=5, incoming=True)
    assert mailbox.due(4) == []
    (sent,) = mailbox.due(5)
    assert (sent.peer, sent.incoming, sent.wires) == ("p", True, None)
    assert mailbox.due(6) == []
    inbox = Inbox({"p": MessageReader(sent.end(KINDS))})
    say(MessageWriter(made.writer()), 5, 15)
    assert heard(inbox, 5) == [15]


def test_an_attachment_for_the_dead_is_closed_and_nobody_is_disturbed() -> None:
    ours, theirs = make_socket()
    theirs.close()
    end = MessageChannel("p -> q", kinds=KINDS).reader()
    fds = [end.memory.fd, end.told.fd, end.read.fd]
    send_attachment(ours, end, peer="p", first=0, incoming=True)
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
