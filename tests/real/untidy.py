"""An authority that says what zone text says, to the letter: NSD and others fold the names in their records.

`python -m tests.real.untidy ADDRESS PORT` answers over UDP until it is ended: for each question all of the answer's records.
"""

import socket
import sys
from typing import Final

import dns.flags
import dns.message
import dns.rrset

ANSWERS: Final = {
    "al.case.site.test. A": (
        "al.case.site.test. 60 IN CNAME WwW.cAsE.site.test.",
        "www.case.site.test. 60 IN A 192.0.2.99",
    ),
    "www.case.site.test. A": ("www.case.site.test. 60 IN A 192.0.2.99",),
}


def reply_to(wire: bytes) -> bytes:
    """The reply; NODATA for what is not there."""
    query = dns.message.from_wire(wire)
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    asked = query.question[0]
    for line in ANSWERS.get(f"{asked.name.canonicalize()} {asked.rdtype.name}", ()):
        owner, ttl, rclass, rtype, rdata = line.split(" ", 4)
        reply.answer.append(dns.rrset.from_text(owner, int(ttl), rclass, rtype, rdata))
    if not reply.answer:
        soa = "ns.case.site.test. host.case.site.test. 1 3600 600 86400 60"
        reply.authority.append(dns.rrset.from_text("case.site.test.", 60, "IN", "SOA", soa))
    return reply.to_wire()


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((sys.argv[1], int(sys.argv[2])))
        while True:
            wire, client = sock.recvfrom(4096)
            sock.sendto(reply_to(wire), client)


if __name__ == "__main__":
    main()
