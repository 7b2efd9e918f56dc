"""The daemon beside a real HTTP server that speaks as Corrosion's API does."""

import json
from functools import partial
from pathlib import Path

from tests.internal_zones.breaking import ADDRESS, OTHER, move, small_state
from tests.real.clients import dig, need, run
from tests.real.fake_api import ENDPOINT, TABLES, TOKEN, FakeApi, serving_api
from tests.real.harness import CISTERN, Daemon, Tables, serving
from tests.real.sockets import free_port, wait_until

NOTICE = b'{"notify":["update",["0001"]]}'
LONG_POLL = 10.0  # seconds: a change that is seen sooner was told by the API, and the counter says so


def state(folder: Path, api: FakeApi, **changes: object) -> Tables:
    (folder / "token").write_text(f"{TOKEN}\n")
    subscription = {"api": api.address, "token_file": "token", "endpoint_name": ENDPOINT, "tables": TABLES} | changes
    return {"state": {"database": str(small_state(folder)), "poll": LONG_POLL}, "state.subscription": subscription}


def rows(daemon: Daemon, *command: str) -> list[dict[str, object]]:
    done = run(daemon, CISTERN, *command, "--json", "--socket", str(daemon.folder / "control.sock"))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def feeds(daemon: Daemon) -> dict[str, str]:
    [status] = rows(daemon, "state", "status")
    found = status["subscription"]
    assert isinstance(found, dict)
    return found


def counted(daemon: Daemon, name: str) -> dict[str, float]:
    return {
        str(row["label"]): float(str(row["value"]))
        for row in rows(daemon, "stats")
        if row["name"] == f"cistern_internal_{name}_total"
    }


def addresses(daemon: Daemon) -> list[str]:
    return [rdata.removeprefix("AAAA ") for rdata in dig(daemon, "web.internal", "AAAA").rdatas]


def is_answered(daemon: Daemon, address: str) -> bool:
    return addresses(daemon) == [address]


def is_shown(daemon: Daemon, text: str) -> bool:
    return text in " ".join(feeds(daemon).values())


def test_a_commit_is_answered_as_soon_as_the_api_tells_of_it_and_an_end_is_survived(tmp_path: Path) -> None:
    need("dig")
    with (
        serving_api() as api,
        serving(tmp_path, "127.0.0.1", free_port(), state(tmp_path, api)) as daemon,
    ):
        assert wait_until(lambda: api.live == len(TABLES), timeout=20)
        assert addresses(daemon) == [ADDRESS]
        for address in (OTHER, ADDRESS) * 5:  # a look may see one before it is told of
            move(tmp_path / "state.db", address)
            api.tell(NOTICE)
            assert wait_until(partial(is_answered, daemon, address), timeout=LONG_POLL * 2)
            if counted(daemon, "early_changes")[""]:
                break
        assert counted(daemon, "early_changes")[""] >= 1
        assert feeds(daemon) == dict.fromkeys(TABLES, "live")
        api.hang_up()
        assert wait_until(lambda: api.live == len(TABLES), timeout=20)
        assert counted(daemon, "feed_endings") == {"ending=closed": len(TABLES)}
        assert wait_until(lambda: feeds(daemon) == dict.fromkeys(TABLES, "live"), timeout=20)
        assert daemon.stop()[0] == 0


def test_what_the_api_refuses_is_shown_with_its_reason_and_names_are_answered(tmp_path: Path) -> None:
    need("dig")
    nobody = FakeApi()
    nobody.server_close()
    with serving(tmp_path, "127.0.0.1", free_port(), state(tmp_path, nobody, tables=("machines",))) as daemon:
        assert wait_until(lambda: feeds(daemon)["machines"].startswith("waits"), timeout=20)
        assert "unreachable: Connection refused" in feeds(daemon)["machines"]
        assert addresses(daemon) == [ADDRESS]
    with serving_api() as api:
        for wrong, said in (
            ({"tables": ("nosuch",)}, "rejected: {"),
            ({"endpoint_name": "fra-9"}, "misdirected: status 421"),
            ({"token_file": ""}, "unauthorized: status 401"),
        ):
            folder = tmp_path / said.partition(":")[0]
            folder.mkdir()
            with serving(folder, "127.0.0.1", free_port(), state(folder, api, **wrong)) as daemon:
                assert wait_until(partial(is_shown, daemon, said), timeout=20)
                assert addresses(daemon) == [ADDRESS]
