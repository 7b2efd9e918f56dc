"""Who is this, for whoever asks the server about itself (RFC 4892, RFC 5001)?

`version.bind` and `version.server`, `id.server` and `hostname.bind` are asked in class CHAOS, and the name of the server is asked
for beside any question by the EDNS option NSID.
"""

from typing import Final

from cache.answer import Answer
from cache.names import WireName, from_text
from cache.rrset import Rank, RRset
from cache.rrtypes import TXT
from resolver.errors import NotSupported
from resolver.policy.options import MAX_IDENTITY_OCTETS, IdentityOptions

VERSION_NAMES: Final = frozenset(map(from_text, ("version.bind.", "version.server.")))
ID_NAMES: Final = frozenset(map(from_text, ("id.server.", "hostname.bind.")))


def nsid_of(options: IdentityOptions) -> bytes:
    """What is said where NSID is asked for; empty: nothing."""
    return options.id.encode()[:MAX_IDENTITY_OCTETS]


def chaos_answer(qname: WireName, qtype: int, options: IdentityOptions) -> Answer:
    """The answer to a question in class CHAOS; raises NotSupported where nothing is said."""
    text = ""
    if qname in VERSION_NAMES:
        text = options.version
    elif qname in ID_NAMES:
        text = options.id
    if not text:
        raise NotSupported("nothing is said of this server in class CHAOS")
    if qtype != TXT:
        return Answer(authoritative=True)
    octets = text.encode()[:MAX_IDENTITY_OCTETS]
    said = RRset(
        owner=qname,
        rtype=TXT,
        rdatas=(bytes((len(octets),)) + octets,),
        ttl=0,
        received=0.0,
        expires=float("inf"),
        rank=Rank.LOCAL,
    )
    return Answer(answer=(said,), authoritative=True)
