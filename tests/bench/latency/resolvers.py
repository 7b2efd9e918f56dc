"""The resolvers of this benchmark, one thread, IPv4 and IPv6: those of bench/peers, and kresd."""

import subprocess
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.servers import Start, start_cistern, start_pdns, start_unbound, started

KRESD: Final = """\
net.listen('{address}', {port}, {{ kind = 'dns' }})
modules = {{ 'hints > iterate' }}
hints.root_file('{hints}')
trust_anchors.remove('.')
cache.open(100 * MB, 'lmdb://{folder}/cache')
log_level('crit')
"""


def start_kresd(
    folder: Path, internet: Internet, prefix: tuple[str, ...], *, is_validating: bool = False
) -> subprocess.Popen[bytes]:
    file = folder / "kresd.conf"
    text = KRESD.format(address=SERVER, port=PORT, hints=internet.hints, folder=folder)
    file.write_text(text + (f"trust_anchors.add_file('{internet.anchors}', true)\n" if is_validating else ""))
    return started(folder, internet.namespace.inside(*prefix, "kresd", "-n", "-c", str(file), str(folder)))


RESOLVERS: Final[dict[str, Start]] = {
    "cistern": start_cistern,
    "kresd": start_kresd,
    "unbound": start_unbound,
    "pdns-recursor": start_pdns,
}
VALIDATING: Final[dict[str, Start]] = {
    "cistern": partial(start_cistern, is_validating=True),
    "kresd": partial(start_kresd, is_validating=True),
    "unbound": partial(start_unbound, is_validating=True),
    "pdns-recursor": partial(start_pdns, is_validating=True),
}
PROGRAMS: Final = {"kresd": "kresd", "unbound": "unbound", "pdns-recursor": "pdns_recursor"}
