"""Addresses beside an answer: what is known and fresh, of the answer's own targets, and nothing else."""

import pytest

from cache.answer import Answer
from cache.beside import MAX_TARGETS, with_addresses
from cache.lookup import find
from cache.names import from_text
from cache.options import CacheOptions
from cache.rrset import Rank, Security
from cache.store import RRsetCache
from tests.build import denial, question, rrset

ADDRESSES = (
    "web.example. 300 A 192.0.2.1\nweb.example. 300 A 192.0.2.2",
    "web.example. 60 AAAA 2001:db8::1",
    "www.example. 300 A 192.0.2.3",
    "other.example. 300 A 192.0.2.4",
)


def beside(text: str, now: float = 10.0, *, more: tuple[str, ...] = ()) -> list[str]:
    """What stands beside the answer that this text makes, while ADDRESSES are known."""
    store = RRsetCache(CacheOptions())
    for line in (text, *ADDRESSES, *more):
        assert store.put(rrset(line), 0.0)
    owner, _, rtype, _ = text.splitlines()[0].split(maxsplit=3)
    asked = question(f"{owner} {rtype}")
    found = find(store, asked.qname, asked.qtype, now)
    assert found is not None
    return sorted(f"{one.owner[1:4].decode()} {one.rtype}" for one in with_addresses(store, found, now).additional)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("www.example. 300 HTTPS 1 web.example. alpn=h2", ["web 1", "web 28"], id="HTTPS"),
        pytest.param("_dns.example. 300 SVCB 0 web.example.", ["web 1", "web 28"], id="SVCB, an alias"),
        pytest.param("www.example. 300 HTTPS 1 . alpn=h2", ["www 1"], id="HTTPS: the owner itself"),
        pytest.param(
            "_sip._tcp.example. 300 SRV 0 0 5060 WEB.example.", ["web 1", "web 28"], id="SRV in other letters"
        ),
        pytest.param("_sip._tcp.example. 300 SRV 0 0 0 .", [], id="SRV: no such service"),
        pytest.param(
            "example. 300 MX 1 web.example.\nexample. 300 MX 2 other.example.\nexample. 300 MX 3 gone.example.",
            ["oth 1", "web 1", "web 28"],
            id="MX, of one of which nothing is known",
        ),
        pytest.param("example. 300 NS web.example.", [], id="NS: who asks for them asks them"),
        pytest.param("example. 300 TXT web.example.", [], id="a text"),
    ],
)
def test_addresses_of_targets_stand_beside_the_answer(text: str, expected: list[str]) -> None:
    assert beside(text) == expected


def test_what_has_expired_or_is_glue_or_bogus_or_denied_is_not_said() -> None:
    store = RRsetCache(CacheOptions())
    lines = "\n".join(f"example. 300 MX 1 t{number}.example." for number in range(4))
    store.put(rrset(lines), 0.0)
    store.put(rrset("t0.example. 5 A 192.0.2.1"), 0.0)
    store.put(rrset("t1.example. 300 A 192.0.2.1", rank=Rank.ADDITIONAL), 0.0)
    store.put(rrset("t2.example. 300 A 192.0.2.1", security=Security.BOGUS), 0.0)
    store.put(denial("t3.example. NXDOMAIN"), 0.0)
    found = find(store, from_text("example."), 15, 10.0)
    assert found is not None
    assert with_addresses(store, found, 10.0) is found


def test_only_some_targets_are_looked_up() -> None:
    many = "\n".join(f"example. 300 MX 1 t{number}.example." for number in range(100))
    more = tuple(f"t{number}.example. 300 A 192.0.2.1" for number in range(100))
    assert len(beside(many, more=more)) == MAX_TARGETS


@pytest.mark.parametrize("answer", [Answer(), Answer(rcode=3)], ids=["no data", "no name"])
def test_nothing_stands_beside_what_is_not_there(answer: Answer) -> None:
    assert with_addresses(RRsetCache(CacheOptions()), answer, 0.0) is answer
