"""The tables of a snapshot, as they stand in the file; those of versions 1 and 2 have another name for a column.

Whoever reads a file compares its schema with this text: there is nothing in it that we did not put there. A change here is
another version (file.VERSION).
"""

from typing import Final

from cache.rrset import Rank, Security

Value = None | int | float | str | bytes  # what a field of a table can be

# names for people; what is not in here is shown as TYPEnnn
TYPES: Final = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 35: "NAPTR",
    39: "DNAME", 43: "DS", 44: "SSHFP", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 52: "TLSA", 64: "SVCB",
    65: "HTTPS", 257: "CAA",
}  # fmt: skip

SNAPSHOT: Final = "CREATE TABLE snapshot (program TEXT, wall REAL, monotonic REAL, boot TEXT, entries INTEGER) STRICT"
CODE: Final = "CREATE TABLE code (field TEXT, number INTEGER, name TEXT) STRICT"
ENTRY: Final = """\
CREATE TABLE entry (id INTEGER PRIMARY KEY, kind TEXT, owner TEXT, type INTEGER, ttl INTEGER, received REAL, expires REAL, \
lease REAL, rank INTEGER, security INTEGER, source TEXT, hits INTEGER, records BLOB, signatures BLOB) STRICT"""
EVIDENCE: Final = """\
CREATE TABLE evidence (entry INTEGER, place INTEGER, owner TEXT, type INTEGER, ttl INTEGER, received REAL, expires REAL, \
lease REAL, rank INTEGER, security INTEGER, source TEXT, records BLOB, signatures BLOB, PRIMARY KEY (entry, place)) \
STRICT, WITHOUT ROWID"""
SERVER: Final = "CREATE TABLE server (address TEXT, port INTEGER, srtt REAL, rttvar REAL) STRICT"
READABLE: Final = """\
CREATE VIEW readable AS SELECT e.owner, e.kind, coalesce(t.name, 'TYPE' || e.type, '*') AS type, e.ttl, \
datetime(e.received, 'unixepoch') AS received, datetime(e.expires, 'unixepoch') AS expires, \
datetime(e.lease, 'unixepoch') AS lease, r.name AS rank, s.name AS security, e.source, e.hits, \
hex(e.records) AS records FROM entry e \
LEFT JOIN code t ON t.field = 'type' AND t.number = e.type \
LEFT JOIN code r ON r.field = 'rank' AND r.number = e.rank \
LEFT JOIN code s ON s.field = 'security' AND s.number = e.security"""

TABLES: Final = (SNAPSHOT, CODE, ENTRY, EVIDENCE, SERVER, READABLE)
TABLES_BEFORE: Final = tuple(table.replace("rank", "trust") for table in TABLES)  # of versions 1 and 2
CODES: Final = (
    *(("type", number, name) for number, name in TYPES.items()),
    *(("rank", rank.value, rank.name) for rank in Rank),
    *(("security", security.value, security.name) for security in Security),
)
