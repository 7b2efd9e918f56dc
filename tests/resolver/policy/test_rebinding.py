"""Addresses that no public name may give."""

import pytest

from cache.answer import Answer
from resolver.errors import LocalTarget
from resolver.policy.options import Rebind
from resolver.policy.rebinding import Guard
from tests.build import rrset

PRIVATE = ("10.0.0.0/8", "192.168.0.0/16", "fd00::/8")


def is_refused(
    text: str, rebind: Rebind = "refuse", *, prefixes: tuple[str, ...] = PRIVATE, zones: tuple[str, ...] = ()
) -> bool:
    """An answer that ends in these records."""
    try:
        Guard(rebind, prefixes, zones).watched(Answer(answer=(rrset(text),)))
    except LocalTarget:
        return True
    return False


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param("www.example. 60 A 198.51.100.1", False, id="public"),
        pytest.param("www.example. 60 A 10.1.2.3", True, id="private"),
        pytest.param("www.example. 60 A 11.0.0.0", False, id="just above"),
        pytest.param("www.example. 60 A 198.51.100.1\nwww.example. 60 A 192.168.0.1", True, id="one of two"),
        pytest.param("www.example. 60 AAAA fd12::1", True, id="IPv6"),
        pytest.param("www.example. 60 AAAA 2001:db8::1", False, id="public IPv6"),
        pytest.param("www.example. 60 AAAA ::ffff:10.0.0.1", True, id="mapped"),
        pytest.param("www.example. 60 AAAA ::ffff:198.51.100.1", False, id="mapped and public"),
        pytest.param("www.example. 60 AAAA 64:ff9b::a00:1", True, id="NAT64"),
        pytest.param("www.example. 60 AAAA 2002:a00:1::1", True, id="6to4"),
        pytest.param("www.example. 60 AAAA 2002:c633:6401::1", False, id="6to4 and public"),
        pytest.param("www.example. 60 HTTPS 1 . ipv4hint=198.51.100.1,10.0.0.1", True, id="ipv4hint"),
        pytest.param("www.example. 60 HTTPS 1 . alpn=h2 ipv6hint=2001:db8::1,fd12::1", True, id="ipv6hint"),
        pytest.param("www.example. 60 SVCB 1 svc.example. ipv6hint=::ffff:10.0.0.1", True, id="mapped hint"),
        pytest.param("www.example. 60 HTTPS 1 . ipv4hint=198.51.100.1 ipv6hint=2001:db8::1", False, id="public hints"),
        pytest.param("www.example. 60 HTTPS 0 svc.example.", False, id="an alias"),
        pytest.param("www.example. 60 TXT 10.0.0.1", False, id="no address"),
    ],
)
def test_what_is_looked_at(records: str, expected: bool) -> None:
    assert is_refused(records) is expected


OURS = ["www.example. 60 AAAA fdaa:0:18::3", "www.example. 60 HTTPS 1 . ipv6hint=fdaa:0:18::3"]


@pytest.mark.parametrize("records", OURS)
def test_this_platforms_addresses_are_private_without_being_named_and_wherever(records: str) -> None:
    assert is_refused(records, prefixes=())
    assert is_refused(records, prefixes=(), zones=("example.",))
    assert not is_refused(records, "resolve", prefixes=())


@pytest.mark.parametrize(
    ("zone", "expected"), [("example.", False), ("www.example.", False), ("other.", True), ("w.example.", True)]
)
def test_names_of_some_zones_may_give_private_addresses(zone: str, expected: bool) -> None:
    assert is_refused("www.example. 60 A 10.1.2.3", zones=(zone,)) is expected


def test_with_nothing_named_private_addresses_are_given() -> None:
    assert not is_refused("www.example. 60 A 10.1.2.3", prefixes=())


def test_one_among_several_rrsets_is_looked_at_wherever_it_stands() -> None:
    private, text = rrset("www.example. 60 A 10.1.2.3"), rrset("www.example. 60 TXT hello")
    for answer in ((private, text), (text, private)):
        with pytest.raises(LocalTarget):
            Guard("refuse", PRIVATE).watched(Answer(answer=answer))


def test_private_addresses_beside_an_answer_are_left_out() -> None:
    mx = rrset("example. 60 MX 1 mail.example.")
    public, private = rrset("mail.example. 60 A 198.51.100.1"), rrset("mail.example. 60 AAAA fd12::1")
    answer = Guard("refuse", PRIVATE).watched(Answer(answer=(mx,), additional=(public, private)))
    assert (answer.answer, answer.additional) == ((mx,), (public,))


@pytest.mark.parametrize("octets", range(40))
def test_a_record_that_is_cut_short_is_no_fault(octets: int) -> None:
    whole = rrset("www.example. 60 HTTPS 1 svc.example. ipv4hint=198.51.100.1 ipv6hint=2001:db8::1")
    cut = whole.replace(rdatas=(whole.rdatas[0][:octets],))
    assert Guard("refuse", PRIVATE).watched(Answer(answer=(cut,))).answer == (cut,)
