"""The clients that people and programs really use read the daemon's replies: dig, kdig, drill, glibc's getaddrinfo."""

from pathlib import Path

import pytest

from resolver.demo.state import make_state
from tests.real.clients import dig, need, run
from tests.real.conftest import Resolve
from tests.real.harness import Daemon
from tests.real.internet import DAEMON, RESOLV_CONF, Internet

CHAIN = ["alias.site.test.", "www.dst.example.", "203.0.113.80"]
VIA = {"UDP": (), "TCP": ("+tcp",)}
KDIG = {"UDP": ("+notcp",), "TCP": ("+tcp",), "EDNS": ("+edns",), "no EDNS": ("+noedns",)}
DRILL = {"UDP": ("-u",), "TCP": ("-t",), "EDNS": ("-b", "4096"), "no EDNS": ()}


@pytest.mark.parametrize("transport", VIA)
def test_dig_reads_an_alias_chain(resolving: Resolve, transport: str) -> None:
    reply = dig(resolving(), "longer.site.test", "A", *VIA[transport])
    assert [rdata.split(" ")[1] for rdata in reply.rdatas] == CHAIN
    assert "WARNING" not in reply.text  # dig's word for trailing octets and misfit messages


def test_dig_sees_its_edns_answered_and_no_edns_unanswered(resolving: Resolve) -> None:
    daemon = resolving()
    assert "EDNS: version: 0, flags:; udp: 1232" in dig(daemon, "www.site.test", "A", "+edns").text
    assert "EDNS" not in dig(daemon, "www.site.test", "A", "+noedns").text


def test_dig_gets_badvers_for_an_edns_of_the_future(resolving: Resolve) -> None:
    assert dig(resolving(), "www.site.test", "A", "+edns=7", "+noednsneg").status == "BADVERS"


def test_dig_gets_its_letter_case_back(resolving: Resolve) -> None:
    assert "wWw.SiTe.TeSt." in dig(resolving(), "wWw.SiTe.TeSt").text


@pytest.mark.parametrize("transport", KDIG)
def test_kdig_reads_an_alias_chain(resolving: Resolve, transport: str) -> None:
    need("kdig")
    options = ("+short", "+retry=0", "+timeout=15", *KDIG[transport])
    done = run(resolving(), "kdig", f"@{DAEMON}", "longer.site.test", "A", *options)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, CHAIN, "")


def test_kdig_pipelines_over_one_connection(resolving: Resolve) -> None:
    need("kdig")
    questions = ["www.site.test", "alias.site.test", "nothing.site.test", "www.dst.example"]
    done = run(resolving(), "kdig", f"@{DAEMON}", "+tcp", "+keepopen", "+retry=0", "+timeout=15", *questions)
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = [line.split("status: ")[1].split(";")[0] for line in done.stdout.splitlines() if "status: " in line]
    assert statuses == ["NOERROR", "NOERROR", "NXDOMAIN", "NOERROR"]


@pytest.mark.parametrize("transport", DRILL)
def test_drill_reads_an_alias_chain(resolving: Resolve, transport: str) -> None:
    need("drill")
    done = run(resolving(), "drill", *DRILL[transport], "longer.site.test", f"@{DAEMON}", "A")
    assert done.returncode == 0, done.stdout + done.stderr
    answer = done.stdout.partition(";; ANSWER SECTION:\n")[2].partition("\n\n")[0]
    assert [line.split()[-1] for line in answer.splitlines()] == CHAIN


@pytest.mark.parametrize("options", ["", "options edns0", "options use-vc", "options edns0 trust-ad single-request"])
@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        pytest.param("www.site.test", {"192.0.2.80", "2001:db8::80"}, id="both families"),
        pytest.param("longer.site.test", {"203.0.113.80", "2001:db8:2::80"}, id="an alias chain"),
        pytest.param("brief.site.test", {"203.0.113.81"}, id="NODATA behind an alias"),
        pytest.param("www.tree.site.test", {"203.0.113.80", "2001:db8:2::80"}, id="a DNAME"),
        pytest.param("nothing.site.test", set(), id="NXDOMAIN"),
    ],
)
def test_glibc_resolves(resolving: Resolve, mended: Internet, options: str, name: str, addresses: set[str]) -> None:
    daemon = resolving()
    with mended.namespace.resolving_by(f"{RESOLV_CONF}{options}\n"):
        assert addresses_by_glibc(daemon, name) == addresses


def test_glibc_resolves_internal_names(resolving: Resolve, tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    make_state(database)
    daemon = resolving({"state": {"database": str(database)}})
    by_dig = {rdata.removeprefix("AAAA ") for rdata in dig(daemon, "web.internal", "AAAA").rdatas}
    assert by_dig
    assert addresses_by_glibc(daemon, "web.internal") == by_dig


def addresses_by_glibc(daemon: Daemon, name: str) -> set[str]:
    """What getaddrinfo finds for `name`, of either family, in the daemon's namespace."""
    need("getent")
    done = run(daemon, "getent", "ahosts", name)  # one getaddrinfo(AF_UNSPEC); exit code 2: nothing found
    assert done.returncode in {0, 2}, done.stderr
    return {line.split()[0] for line in done.stdout.splitlines()}
