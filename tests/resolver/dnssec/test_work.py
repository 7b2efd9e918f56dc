"""The work that one client question may still cost."""

from resolver.dnssec.work import Work


def test_what_is_not_left_is_not_taken() -> None:
    work = Work(signatures=2, hashes=10)
    assert [work.take_signature() for _ in range(4)] == [True, True, False, False]
    assert [work.take_hashes(rounds) for rounds in (6, 5, 4, 1)] == [True, False, True, False]
    assert work == Work(0, 0)
