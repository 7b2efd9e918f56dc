"""Messages out of a stream, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from resolver.wire.frames import Frames, framed


def taken(pieces: list[bytes]) -> list[bytes]:
    frames, found = Frames(), list[bytes]()
    for piece in pieces:
        frames.add(piece)
        while (message := frames.take()) is not None:
            found.append(message)
    return found


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 9))
def test_messages_come_out_as_they_went_in(messages: list[bytes], cut: int) -> None:
    octets = b"".join(map(framed, messages))
    assert taken([octets[at : at + cut] for at in range(0, len(octets), cut)]) == messages


def test_the_longest_message_fits() -> None:
    assert taken([framed(bytes(65535)) + framed(b"next")]) == [bytes(65535), b"next"]


def test_an_unfinished_message_is_not_given() -> None:
    assert taken([framed(b"whole") + framed(b"unfinished")[:-1]]) == [b"whole"]
    assert taken([b"\0"]) == []


def test_what_a_message_lacks_is_known_as_far_as_its_length_is() -> None:
    frames, lacking = Frames(), []
    for octet in framed(b"abc") + b"\0":
        lacking.append(frames.lacking)
        frames.add(bytes((octet,)))
    assert lacking == [2, 1, 3, 2, 1, 0]
    frames.take()
    assert frames.lacking == 1
