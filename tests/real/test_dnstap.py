"""What is told in dnstap is read by other people's programs."""

import re
import signal
import subprocess
from pathlib import Path

from tests.real.clients import dig, need
from tests.real.conftest import Resolve
from tests.real.sockets import wait_until


def told(file: Path) -> list[str]:
    """What Debian's dnstap-read makes of the file: a line for each message, without its time."""
    done = subprocess.run(["dnstap-read", str(file)], check=True, capture_output=True, text=True)
    return [re.sub(r"^\S+ \S+ ", "", line) for line in done.stdout.splitlines()]


def test_dnstap_read_reads_what_clients_and_servers_said(resolving: Resolve) -> None:
    need("dnstap-read")
    daemon = resolving({"dnstap": {"file": "dnstap"}, "identity": {"id": "host1"}})
    assert dig(daemon, "www.site.test").status == "NOERROR"
    assert dig(daemon, "www.site.test", "A", "+tcp").status == "NOERROR"
    assert daemon.stop()[0] == 0
    file = daemon.folder / "dnstap"
    lines = told(file)
    about = [line for line in lines if "www.site.test/in/a" in line.lower()]
    clients = [line.split() for line in about if line.startswith("C")]
    assert [(line[0], line[4]) for line in clients] == [("CQ", "UDP"), ("CR", "UDP"), ("CQ", "TCP"), ("CR", "TCP")]
    assert about[0].split()[3] == f"{daemon.address}:53"
    assert about[1].startswith("RQ ? -> ")
    assert any(line.startswith("RR ? <- ") for line in about)
    whole = subprocess.run(["dnstap-read", "-y", str(file)], check=True, capture_output=True, text=True).stdout
    assert "identity: host1" in whole
    assert "version: cistern " in whole


def test_fstrm_capture_takes_it_from_a_socket_and_gets_all_of_it(alone: Resolve, tmp_path: Path) -> None:
    need("fstrm_capture", "dnstap-read")
    collector, file = tmp_path / "collector", tmp_path / "captured"
    daemon = alone({"dnstap": {"socket": str(collector), "messages": ["client_query", "client_response"]}})
    assert dig(daemon, "localhost").status == "NOERROR"  # nobody collects yet; it waits for who comes
    capture = subprocess.Popen(
        ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", str(collector), "-w", str(file)],
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: "dnstap_is_back" in daemon.log.read_text(), 20), daemon.log.read_text()
        assert dig(daemon, "localhost", "AAAA").status == "NOERROR"
        assert daemon.stop()[0] == 0
    finally:
        capture.send_signal(signal.SIGTERM)
        capture.wait(10)
    lines = [line.split() for line in told(file)]
    assert [(line[0], line[-1]) for line in lines if "localhost" in line[-1]] == [
        *(("CQ", "localhost/IN/A"), ("CR", "localhost/IN/A")),
        *(("CQ", "localhost/IN/AAAA"), ("CR", "localhost/IN/AAAA")),
    ]
