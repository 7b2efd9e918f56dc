"""From the shipped root hints to an answer, with NSD at the real root servers' addresses; and what its outages give."""

import time
from pathlib import Path

import pytest

from tests.real.clients import Reply, dig
from tests.real.conftest import Resolve
from tests.real.harness import Daemon
from tests.real.internet import Internet, root_servers
from tests.real.sockets import wait_until

DEADLINE = 10.0  # s: a client's question ends by then
HEALED_WITHIN = 6.0  # s: a failed target that heals is answered by then


def test_the_shipped_hints_lead_to_an_answer(resolving: Resolve) -> None:
    reply = dig(resolving(), "www.site.test")
    assert (reply.status, reply.rdatas) == ("NOERROR", ("A 192.0.2.80",))
    assert {"qr", "rd", "ra"} <= reply.flags
    assert "aa" not in reply.flags


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_one_address_family_is_enough(resolving: Resolve, family: str) -> None:
    other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
    reply = dig(resolving({"recursion": {other: False}}), "www.dst.example", "AAAA")
    assert (reply.status, reply.rdatas) == ("NOERROR", ("AAAA 2001:db8:2::80",))


@pytest.mark.parametrize("minimisation", ["off", "relaxed", "strict"])
def test_every_minimisation_resolves(resolving: Resolve, minimisation: str) -> None:
    reply = dig(resolving({"recursion": {"qname_minimisation": minimisation}}), "a.b.wild.site.test")
    assert (reply.status, reply.rdatas) == ("NOERROR", ("A 192.0.2.81",))


def test_an_alias_chain_across_zones_is_whole_and_in_order(resolving: Resolve) -> None:
    daemon = resolving()
    expected = ("CNAME alias.site.test.", "CNAME www.dst.example.", "A 203.0.113.80")
    assert dig(daemon, "longer.site.test").rdatas == expected
    assert dig(daemon, "longer.site.test").rdatas == expected  # the same from the cache


def test_a_dname_is_followed_with_its_synthesized_alias(resolving: Resolve) -> None:
    reply = dig(resolving(), "www.tree.site.test")
    assert reply.rdatas == ("DNAME dst.example.", "CNAME www.dst.example.", "A 203.0.113.80")


@pytest.mark.parametrize(
    ("name", "rtype", "status"),
    [
        pytest.param("nothing.site.test", "A", "NXDOMAIN", id="no such name"),
        pytest.param("www.site.test", "MX", "NOERROR", id="no such type"),
        pytest.param("wild.site.test", "A", "NOERROR", id="empty non-terminal"),
        pytest.param("nothing.invalid-tld.example", "A", "NXDOMAIN", id="no such delegation"),
    ],
)
def test_a_negative_answer_carries_its_soa(resolving: Resolve, name: str, rtype: str, status: str) -> None:
    daemon = resolving()
    for reply in (dig(daemon, name, rtype), dig(daemon, name, rtype)):
        assert (reply.status, reply.answer) == (status, ())
        assert [record.split(" ")[3] for record in reply.authority] == ["SOA"]
        assert int(reply.authority[0].split(" ")[1]) <= 60  # RFC 2308 §5: no more than SOA MINIMUM


def test_what_is_too_large_for_udp_is_truncated_and_whole_over_tcp(resolving: Resolve) -> None:
    """The daemon itself got it over TCP too: NSD's own UDP reply has TC."""
    daemon = resolving()
    cut = dig(daemon, "many.site.test", "TXT", "+ignore")
    assert "tc" in cut.flags
    assert cut.answer == ()  # one RRset, which does not fit: never a part of it
    whole = dig(daemon, "many.site.test", "TXT")
    assert "tc" not in whole.flags
    assert all(f"{'x' * 200}{number:03}" in whole.rdatas[0] for number in range(20))


def test_ttls_count_down(resolving: Resolve) -> None:
    daemon = resolving()
    dig(daemon, "www.site.test")
    assert wait_until(lambda: dig(daemon, "www.site.test").ttls[0] in range(295, 300), timeout=3)


def test_a_failed_target_is_a_servfail_and_answered_soon_after_it_heals(resolving: Resolve, mended: Internet) -> None:
    daemon = resolving()
    assert dig(daemon, "www.site.test").status == "NOERROR"  # the alias's server is known and well
    mended.stop("target")
    for reply in (dig(daemon, "alias.site.test"), dig(daemon, "alias.site.test")):
        assert (reply.status, bool(reply.info_codes)) == ("SERVFAIL", True)
        assert reply.seconds < DEADLINE + 1
    mended.start("target")
    healed = time.monotonic()
    answered = until_answered(daemon, "alias.site.test", HEALED_WITHIN)
    assert answered.rdatas == ("CNAME www.dst.example.", "A 203.0.113.80"), f"after {time.monotonic() - healed:.1f} s"


def test_a_silent_target_is_a_servfail_within_the_deadline(resolving: Resolve, mended: Internet) -> None:
    mended.silence("target")
    reply = dig(resolving(), "www.dst.example")
    assert (reply.status, reply.info_codes) == ("SERVFAIL", (22,))
    assert reply.seconds < DEADLINE + 1


def test_an_outage_is_bridged_with_stale_records(resolving: Resolve, mended: Internet) -> None:
    daemon = resolving()
    assert dig(daemon, "brief.site.test").rdatas == ("CNAME brief.dst.example.", "A 203.0.113.81")
    mended.silence("target")
    time.sleep(2.1)  # the target's TTL is 1 s, shown rounded
    reply = dig(daemon, "brief.site.test")
    assert (reply.status, reply.rdatas) == ("NOERROR", ("CNAME brief.dst.example.", "A 203.0.113.81"))
    assert 3 in reply.info_codes
    assert reply.seconds < 1.8 + 0.5  # client_timeout; dig itself takes a while to start
    assert reply.ttls[1] == 30
    assert reply.ttls[0] > 3000  # the alias is fresh and keeps its own TTL


@pytest.mark.parametrize("outage", ["refused", "silent"])
def test_without_any_root_server_the_daemon_starts_and_recovers(
    resolving: Resolve, mended: Internet, outage: str
) -> None:
    if outage == "silent":
        mended.silence("root")
    else:
        mended.stop("root")
    daemon = resolving()
    reply = dig(daemon, "www.site.test")
    assert (reply.status, reply.info_codes) == ("SERVFAIL", (22,))
    assert reply.seconds < DEADLINE + 1
    mended.mend()
    assert until_answered(daemon, "www.site.test", 3 * HEALED_WITHIN).rdatas == ("A 192.0.2.80",)


def test_the_shipped_hints_are_debians() -> None:
    """A second source for the 26 addresses: an error in one of them would show in no resolution."""
    debian = Path("/usr/share/dns/root.hints")
    if not debian.exists():
        pytest.skip(f"{debian} is not there (Debian: dns-root-data)")
    theirs: dict[str, list[str]] = {}
    for line in debian.read_text().splitlines():
        fields = line.partition(";")[0].split()
        if len(fields) >= 4 and fields[-2] in {"A", "AAAA"}:
            theirs.setdefault(fields[0].lower(), []).append(fields[-1])
    assert {name: sorted(found) for name, found in root_servers().items()} == {
        name: sorted(found) for name, found in theirs.items()
    }


def until_answered(daemon: Daemon, name: str, within: float) -> Reply:
    """The first reply that is no SERVFAIL, or the last one within so many seconds."""
    deadline = time.monotonic() + within
    while True:
        reply = dig(daemon, name)
        if reply.status != "SERVFAIL" or time.monotonic() > deadline:
            return reply
        time.sleep(0.25)
