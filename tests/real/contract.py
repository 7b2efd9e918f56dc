"""Every row of the contract as clients of one network see it: the questions, and dig's answers as text.

`python -m tests.real.contract` prints what stands in fixtures/state/contract.txt.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from resolver.demo.state import make_state
from tests.real.clients import dig
from tests.real.harness import Daemon, serving
from tests.real.sockets import free_port

EXPECTED: Final = Path(__file__).parents[2] / "fixtures" / "state" / "contract.txt"
QUESTIONS: Final = """
web.internal AAAA
WEB.Internal AAAA
web.internal A
cron.internal AAAA
nosuch.internal AAAA
shop.internal AAAA
global.web.internal AAAA
fra.web.internal AAAA
syd.web.internal AAAA
31ecc54f3633c1.vm.web.internal AAAA
worker.process.web.internal AAAA
front.tier.kv._metadata.web.internal AAAA
tier.kv._metadata.web.internal AAAA
top2.nearest.of.web.internal AAAA
top9.nearest.of.web.internal AAAA
top1.nearest.of.fra.web.internal AAAA
top1.nearest.of.worker.process.web.internal AAAA
healthy.web.internal AAAA
vm.web.internal AAAA
vms.web.internal TXT
all.vms.web.internal TXT
vms.cron.internal TXT
regions.web.internal TXT
all.regions.cron.internal TXT
_apps.internal TXT
_peer.internal TXT
laptop._peer.internal AAAA
interactive-jan-9f2c._peer.internal AAAA
office._peer.internal AAAA
_instances.internal TXT
all._instances.internal TXT
1.page._instances.internal TXT
2.page._instances.internal TXT
_api.internal AAAA
web.flycast AAAA
payments.flycast AAAA
db.flycast AAAA
_http._tcp.web.internal SRV
_postgres._tcp.db.internal SRV
_smtp._tcp.web.internal SRV
internal SOA
internal NS
ns.internal AAAA
"""


@contextmanager
def contract_daemon(folder: Path) -> Iterator[Daemon]:
    """A daemon in Amsterdam with the demo's platform, for clients of network 24."""
    make_state(folder / "state.db")
    state = {"database": str(folder / "state.db"), "region": "ams"}
    with serving(folder, "127.0.0.1", free_port(), {"state": state}) as daemon:
        yield daemon


def answers(daemon: Daemon) -> str:
    """What dig got for each question: the status, then a line for each record; sorted where the order is a random one."""
    questions = [tuple(line.split()) for line in QUESTIONS.split("\n") if line]
    first = dig(daemon, "web.internal", "AAAA")
    questions += [(reverse_of(min(first.rdatas).split()[1]), "PTR"), ("8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa", "PTR")]
    return "\n".join(_shown(daemon, name, rtype) for name, rtype in questions)


def reverse_of(address: str) -> str:
    return IPv6Address(address).reverse_pointer


def _shown(daemon: Daemon, name: str, rtype: str) -> str:
    reply = dig(daemon, name, rtype)
    is_ordered = "nearest" in name
    lines = list(reply.answer) if is_ordered else sorted(reply.answer)
    beside = re.search(r";; ADDITIONAL SECTION:\n(.*?)\n(\n|;;)", reply.text, re.DOTALL)
    lines += sorted(f"beside it: {' '.join(line.split())}" for line in beside[1].splitlines()) if beside else []
    lines += [f"authority: {record}" for record in reply.authority]
    head = f"{name} {rtype}: {reply.status}{' in order' if is_ordered and reply.answer else ''}"
    assert "aa" in reply.flags, reply.text
    return "\n".join([head, *(f"    {line}" for line in lines), ""])


if __name__ == "__main__":
    with TemporaryDirectory() as made, contract_daemon(Path(made)) as running:
        sys.stdout.write(answers(running))
