"""Replies that nobody takes."""

import trio
from trio.testing import MockClock

from resolver.service.replies import MAX_QUEUED, MAX_QUEUED_IN_ALL, Queued, Replies


def test_there_is_room_until_so_many_octets_wait() -> None:
    queued = Queued()
    replies = Replies(queued)
    while replies.has_room:
        replies.put(bytes(60_000))
    assert MAX_QUEUED <= replies.octets == queued.octets < MAX_QUEUED + 60_002


def test_when_all_together_have_much_each_has_one_at_a_time() -> None:
    queued = Queued()
    full = [Replies(queued) for _ in range(2000)]
    for replies in full:
        while replies.has_room:
            replies.put(bytes(65_535))
    assert queued.octets < MAX_QUEUED_IN_ALL + 2000 * 65_537
    late = Replies(queued)
    assert late.has_room
    late.put(b"x")
    assert not late.has_room


def test_what_is_given_up_counts_no_more() -> None:
    queued = Queued()
    replies = Replies(queued)
    replies.put(bytes(100))
    replies.give_up()
    assert (replies.octets, queued.octets, queued.peak) == (0, 0, 102)


def test_who_waits_for_room_goes_on_when_there_is_some() -> None:
    async def main() -> None:
        replies = Replies(Queued())
        while replies.has_room:
            replies.put(bytes(60_000))

        async def send_all() -> None:
            await trio.sleep(1)
            replies.done(len(replies.take()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_all)
            await replies.until_room()
        assert (trio.current_time(), replies.take()) == (1, b"")

    trio.run(main, clock=MockClock(autojump_threshold=0))
