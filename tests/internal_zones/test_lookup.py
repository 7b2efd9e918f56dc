"""Where a name stands, and the exact answer of a node; the whole table of names is in test_zones."""

from collections import Counter
from random import Random

import pytest

from cache.names import WireName, from_text
from cache.rrtypes import AAAA, ANY, NOERROR, NXDOMAIN, TXT, A
from internal_zones.apex import INTERNAL, build_apexes, local
from internal_zones.lookup import MAX_PIECES, answer, locate, shuffled
from internal_zones.readings import TOPOLOGY, FlycastData, Kind, UnitKey
from internal_zones.records import EMPTY, MAX_ADDRESSES, Node, flycast_node

APEXES = build_apexes(2)
OWNER = from_text("web.internal.")
ADDRESSES = tuple(bytes((number,)) * 16 for number in range(4))
NODE = Node((local(OWNER, AAAA, ADDRESSES), local(OWNER, TXT, (b"\0",))))


@pytest.mark.parametrize(
    ("name", "units"),
    [
        (
            "healthy.web.internal.",
            (UnitKey(Kind.APP, 24, "web"), UnitKey(Kind.CHECKS, 24, "web"), TOPOLOGY),
        ),
        ("_x._tcp.web.internal.", (UnitKey(Kind.APP, 24, "web"), UnitKey(Kind.SERVICES, 24, "web"))),
        ("web.internal.", (UnitKey(Kind.APP, 24, "web"),)),
        ("x.y.web.internal.", (UnitKey(Kind.APP, 24, "web"),)),
        ("top1.nearest.of.web.internal.", (UnitKey(Kind.APP, 24, "web"), TOPOLOGY)),
        ("web.flycast.", (UnitKey(Kind.FLYCAST, 24, "web"),)),
        ("_apps.internal.", (UnitKey(Kind.APPS, 24),)),
        ("x._peer.internal.", (UnitKey(Kind.PEERS, 24),)),
        ("all._instances.internal.", (UnitKey(Kind.INSTANCES, 24),)),
        ("_instances.internal.", (UnitKey(Kind.STARTED, 24),)),
        ("7.page._instances.internal.", (UnitKey(Kind.PAGE, 24, "7"),)),
        ("0.page._instances.internal.", ()),
        ("8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa.", (UnitKey(Kind.INSTANCES, 24), UnitKey(Kind.PEERS, 24))),
        ("_api.internal.", ()),
        ("internal.", ()),
        ("\\255.internal.", ()),
        ("x.web.flycast.", ()),
    ],
)
def test_a_name_needs_the_units_of_its_own_network(name: str, units: tuple[UnitKey, ...]) -> None:
    assert locate(24, from_text(name), APEXES).units == units


def test_a_reverse_name_is_read_only_under_the_client_s_own_prefix() -> None:
    name = from_text("1." + "0." * 19 + "8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa.")
    assert locate(0x18, name, APEXES).units == (UnitKey(Kind.OWNERS, 0x18, "fdaa:0:18::1"),)
    assert locate(0x19, name, APEXES).units == ()


def test_a_node_answers_its_types_and_denies_the_others() -> None:
    apex, bits = APEXES[INTERNAL], Random(1)
    assert [rrset.rtype for rrset in answer(NODE, ANY, apex, bits).answer] == [AAAA, TXT]
    assert answer(NODE, A, apex, bits).authority == (apex.denying,)
    assert answer(NODE, A, apex, bits).rcode == NOERROR
    assert answer(EMPTY, AAAA, apex, bits).rcode == NOERROR
    assert answer(None, AAAA, apex, bits).rcode == NXDOMAIN


def test_an_ordered_node_keeps_its_order() -> None:
    node = Node((local(OWNER, AAAA, ADDRESSES),), is_ordered=True)
    assert all(answer(node, AAAA, APEXES[INTERNAL], Random(seed)).answer == node.rrsets for seed in range(20))


def test_shuffling_gives_every_record_every_place_and_loses_none() -> None:
    bits, places = Random(1), [[0] * 4 for _ in range(4)]
    for _ in range(4000):
        rdatas = shuffled(NODE.rrsets[0], bits).rdatas
        assert set(rdatas) == set(ADDRESSES)
        for place, rdata in enumerate(rdatas):
            places[place][rdata[0]] += 1
    assert all(850 < count < 1150 for row in places for count in row)


def test_of_more_records_than_pieces_each_is_the_first_as_often_and_none_is_lost() -> None:
    many = local(OWNER, AAAA, tuple(number.to_bytes(16) for number in range(3 * MAX_PIECES + 1)))
    bits, firsts = Random(1), Counter[bytes]()
    for _ in range(4000):
        rdatas = shuffled(many, bits).rdatas
        firsts[rdatas[0]] += 1
        assert set(rdatas) == set(many.rdatas)
    assert set(firsts) == set(many.rdatas)
    assert max(firsts.values()) < 3 * 4000 / len(many.rdatas)


def test_of_more_addresses_than_fit_each_is_the_first_as_often() -> None:
    node = flycast_node(OWNER, FlycastData(True, tuple(n.to_bytes(16) for n in range(MAX_ADDRESSES + 7))))
    assert node is not None
    [kept], bits, firsts = node.rrsets, Random(1), Counter[bytes]()
    for _ in range(4 * len(kept.rdatas)):
        [chosen] = answer(node, AAAA, APEXES[INTERNAL], bits).answer
        assert len(set(chosen.rdatas)) == MAX_ADDRESSES
        firsts[chosen.rdatas[0]] += 1
    assert len(firsts) > 0.95 * len(kept.rdatas)
    assert max(firsts.values()) < 20


def test_any_octets_in_a_label_stand_somewhere() -> None:
    for octet in range(256):
        assert locate(24, WireName(b"\x01" + bytes((octet,)).lower() + INTERNAL), APEXES).apex == INTERNAL
