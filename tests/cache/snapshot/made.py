"""Snapshots for tests: some entries of each kind, saved and loaded again."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cache.names import WireName, from_text
from cache.rrset import Entry, Rank, Security
from cache.snapshot import Moment, SnapshotReader, SnapshotWriter, Terms, saved
from cache.snapshot.rows import SavedServer
from resolver.wire.rdata import is_rdata
from tests.build import denial, replace, rrset

SAVED_AT: Final = Moment(wall=1_785_542_400.0, monotonic=1000.0, boot="this boot")
SHIFT: Final = SAVED_AT.wall - SAVED_AT.monotonic
SIGNED: Final = rrset(
    "www.example. 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 example. AAAA", 990.0
)  # its rdata signs the address below
ENTRIES: Final[tuple[Entry, ...]] = (
    rrset("www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2", 990.0, source="198.51.100.1:53"),
    rrset("www.example. 300 AAAA 2001:db8::1", 990.0, security=Security.SECURE, lease=4000.0),
    rrset("alias.example. 60 CNAME WWW.example.", 995.0, rank=Rank.ANSWER),
    rrset("example. 3600 NS ns1.example.\nexample. 3600 NS ns2.example.", 500.0, rank=Rank.ADDITIONAL),
    rrset("below.example. 60 DNAME other.example.", 999.0),
    rrset(r"sp\032ace\.dot.example. 60 TXT a\000b", 1000.0),
    rrset("stale.example. 60 A 192.0.2.9", 100.0),
    denial("gone.example. NXDOMAIN", 980.0),
    denial("www.example. TXT", 980.0, lease=5000.0, security=Security.SECURE),
    replace(
        rrset("x.wild.example. 150 A 192.0.2.1", 990.0, security=Security.SECURE),
        proof=(replace(rrset("a.wild.example. 300 NSEC z.wild.example. A", 990.0), rrsigs=SIGNED.rdatas),),
    ),
)
SERVERS: Final = (SavedServer("192.0.2.53", 53, 0.025, 0.004), SavedServer("2001:db8::53", 53, 0.5, 0.1))


def save(path: Path, entries: Iterable[Entry] = ENTRIES, moment: Moment = SAVED_AT, hits: Iterable[int] = ()) -> None:
    """A snapshot at `path`. hits: of the entries, in their order; those that are missing have none."""
    counts = iter(hits)
    shift = moment.wall - moment.monotonic
    with SnapshotWriter(str(path), moment) as writer:
        writer.write(saved(entry, next(counts, 0), shift) for entry in entries)
        writer.write_servers(SERVERS)
        writer.finish()


def saved_octets() -> bytes:
    """What a saved file is made of."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cache.db"
        save(path)
        return path.read_bytes()


def many(first: int, count: int) -> Iterator[Entry]:
    """So many entries, each of an owner of its own: addresses, aliases, texts, denials."""
    address, alias, text, gone = ENTRIES[0], ENTRIES[2], ENTRIES[5], ENTRIES[7]
    for number in range(first, first + count):
        owner = from_text(f"host{number}.zone{number % 1000}.example.")
        ttl = 600 + number % 3000
        times = {"owner": owner, "ttl": ttl, "received": 1000.0, "expires": 1000.0 + ttl}
        octets = number.to_bytes(4, "big")
        match number % 7:
            case 0 | 1 | 2:
                yield replace(address, rdatas=(octets, b"\xff" + octets[1:]), **times)
            case 3 | 4:
                target = WireName(b"\6target" + owner)
                yield replace(alias, rdatas=(target,), alias_target=target, **times)
            case 5:
                yield replace(text, rdatas=(b"\xc8" + number.to_bytes(200, "big"),), **times)
            case _:
                yield replace(gone, **times)


def terms(now: float = SAVED_AT.monotonic, shift: float = -SHIFT, **changes: object) -> Terms:
    """Those of a daemon that starts `now`, and by whose clock nothing has happened since the file was saved."""
    usual: dict[str, object] = {
        "max_ttl": 86400, "max_negative_ttl": 3600, "max_stale": 86400, "must_be_validated": False, "is_rdata": is_rdata,
    }  # fmt: skip
    return Terms(now=now, shift=shift, **(usual | changes))  # type: ignore[arg-type]  # each of its field's type


def load(path: Path, on: Terms | None = None) -> list[Entry]:
    """The entries of the snapshot that are of use, the best first."""
    with SnapshotReader(str(path)) as reader:
        found: list[Entry] = []
        while (rows := reader.restore(4, on or terms())) is not None:
            found += [entry for entry, _ in rows]
        return found
