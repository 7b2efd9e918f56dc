"""The peers of this benchmark that bench/peers has not: kresd and pdns-recursor, one thread, no validation, IPv4 and IPv6."""

import subprocess
from pathlib import Path
from typing import Final

from tests.bench.peers.internet import PORT, SERVER, Internet
from tests.bench.peers.servers import Start, start_cistern, start_unbound

KRESD: Final = """\
net.listen('{address}', {port}, {{ kind = 'dns' }})
modules = {{ 'hints > iterate' }}
hints.root_file('{hints}')
trust_anchors.remove('.')
cache.open(100 * MB, 'lmdb://{folder}/cache')
log_level('crit')
"""
PDNS: Final = """\
local-address={address}
local-port={port}
hint-file={hints}
dnssec=off
dont-query=
query-local-address=0.0.0.0, ::
threads=1
pdns-distributes-queries=no
socket-dir={folder}
write-pid=no
daemon=no
security-poll-suffix=
export-etc-hosts=no
serve-rfc1918=no
disable-syslog=yes
quiet=yes
loglevel=3
"""


def start_kresd(folder: Path, internet: Internet, prefix: tuple[str, ...]) -> subprocess.Popen[bytes]:
    file = _written(folder / "kresd.conf", KRESD, internet)
    return _started(folder, internet.namespace.inside(*prefix, "kresd", "-n", "-c", str(file), str(folder)))


def start_pdns(folder: Path, internet: Internet, prefix: tuple[str, ...]) -> subprocess.Popen[bytes]:
    _written(folder / "recursor.conf", PDNS, internet)
    return _started(folder, internet.namespace.inside(*prefix, "pdns_recursor", f"--config-dir={folder}"))


RESOLVERS: Final[dict[str, Start]] = {
    "cistern": start_cistern,
    "kresd": start_kresd,
    "unbound": start_unbound,
    "pdns-recursor": start_pdns,
}
PROGRAMS: Final = {"kresd": "kresd", "unbound": "unbound", "pdns-recursor": "pdns_recursor"}


def _written(file: Path, text: str, internet: Internet) -> Path:
    file.write_text(text.format(address=SERVER, port=PORT, hints=internet.hints, folder=file.parent))
    return file


def _started(folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
