from resolver.upstream.allowance import MOST, RESERVED, Allowance


def drained() -> Allowance:
    allowance = Allowance()
    while allowance.may_hedge():
        allowance.spend()
    return allowance


def test_one_packet_in_twenty_is_extra() -> None:
    allowance, spent = drained(), 0
    for _ in range(1000):
        allowance.earn()
        if allowance.may_hedge():
            allowance.spend()
            spent += 1
    assert 45 <= spent <= 50


def test_late_replies_come_before_curiosity() -> None:
    allowance = Allowance()
    while allowance.may_explore():
        allowance.spend()
    assert allowance.may_hedge()
    assert allowance.packets <= RESERVED


def test_a_packet_that_was_necessary_is_given_back() -> None:
    allowance = drained()
    allowance.give_back()
    assert allowance.may_hedge()


def test_what_is_saved_up_is_bounded() -> None:
    allowance = Allowance()
    for _ in range(100):
        allowance.earn()
        allowance.give_back()
    assert allowance.packets <= MOST + 1
