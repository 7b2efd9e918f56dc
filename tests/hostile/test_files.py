"""Something else stands where the daemon reads a file: a FIFO, a device. It waits for none of them, and spoils none."""

import os
import signal
from pathlib import Path

import dns.rcode

from tests.hostile.process import PATIENCE, Victim, logged, victim
from tests.internal_zones.platform import State, app, machine, write_state
from tests.real.harness import STOP_TIMEOUT
from tests.real.sockets import wait_until

STATE = State(apps=[app(1, "web", 24)], machines=[machine("0001", 1, 24)])
CHANGES = {"log": {"format": "json"}, "state": {"database": "state.db"}}


def has_logged(daemon: Victim, event: str) -> bool:
    return wait_until(lambda: event in {str(one["event"]) for one in logged(daemon.folder)}, PATIENCE)


def test_a_fifo_in_place_of_the_config_is_refused_and_what_comes_after_it_is_read(tmp_path: Path) -> None:
    """A reload waited for it, each further one was "under way", and SIGTERM ended nothing."""
    config, aside = tmp_path / "cistern.toml", tmp_path / "aside"
    with victim(tmp_path, {"log": {"format": "json"}}) as daemon:
        config.rename(aside)
        os.mkfifo(config)
        daemon.process.send_signal(signal.SIGHUP)
        assert has_logged(daemon, "not_reloaded")
        aside.replace(config)
        daemon.process.send_signal(signal.SIGHUP)
        assert has_logged(daemon, "reloaded")
        code, seconds = daemon.end()
        assert (code, seconds < 2 * STOP_TIMEOUT) == (0, True)


def is_not_there(daemon: Victim, name: str) -> bool:
    reply = daemon.ask(name, "AAAA", seconds=1.0)
    return reply is not None and reply.rcode() == dns.rcode.NXDOMAIN


def test_a_fifo_in_place_of_the_state_database_is_told_and_what_comes_after_it_is_read(tmp_path: Path) -> None:
    """The thread that opened it never came back: what was known went stale, and no restore of the file was seen."""
    database = tmp_path / "state.db"
    write_state(database, STATE)
    with victim(tmp_path, CHANGES) as daemon:
        assert wait_until(lambda: is_not_there(daemon, "nobody.internal"), PATIENCE)
        for tail in ("", "-wal", "-shm"):
            (tmp_path / f"state.db{tail}").unlink(missing_ok=True)
        os.mkfifo(database)
        assert has_logged(daemon, "state_database_unwell")
        write_state(tmp_path / "fresh.db", STATE)
        (tmp_path / "fresh.db").replace(database)
        assert wait_until(lambda: is_not_there(daemon, "nobody.else.internal"), PATIENCE)
        assert daemon.end()[0] == 0
