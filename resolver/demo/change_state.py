"""Keeps changing a state database, as a platform does: machines start, stop, and migrate keeping their address.

Run as a process of its own beside the daemon: python -m resolver.demo.change_state FILE --seed 1 --interval 0.5 --count 0
"""

from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import click
import trio

from resolver.demo.corrosion_file import CorrosionWriter, Value

T = TypeVar("T")


class Dice:
    """Choices that depend on the seed alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._throws = 0

    def pick(self, choices: list[T]) -> T:
        """One of the choices; there must be one."""
        self._throws += 1
        throw = blake2b(f"{self._seed}/{self._throws}".encode(), digest_size=8).digest()
        return choices[int.from_bytes(throw) % len(choices)]


class Changer:
    """Makes one change per call. The last started machine of an app is never stopped: the demo's apps stay reachable."""

    def __init__(self, path: Path, seed: int) -> None:
        self._writer = CorrosionWriter(path)
        self._dice = Dice(seed)
        rows = self._writer.connection.execute(
            "SELECT h.name, h.region, s.ordinal FROM hosts h JOIN crsql_site_id s ON s.site_id = h.actor_id ORDER BY 1"
        )
        self._hosts = [(str(name), str(region), int(str(ordinal))) for name, region, ordinal in rows]

    def change(self) -> str:
        """Change one machine, in one commit by the host it is on then; returns what was done, for people."""
        machine, app_id, state, host = self._dice.pick(self._machines())
        action = self._dice.pick(["migrate", "start or stop", "start or stop"])
        if action == "migrate":
            name, region, ordinal = self._dice.pick([known for known in self._hosts if known[0] != host])
            self._put(ordinal, {"id": machine, "host": name, "region": region})
            return f"{machine} migrates from {host} to {name}"
        ordinal = next(known[2] for known in self._hosts if known[0] == host)
        if state != "started":
            self._put(ordinal, {"id": machine, "state": "started"})
            return f"{machine} starts on {host}"
        if self._started(app_id) > 1:
            self._put(ordinal, {"id": machine, "state": "stopped"})
            return f"{machine} stops on {host}"
        return f"{machine} stays: it is the last one of its app"

    def close(self) -> None:
        self._writer.close()

    def _machines(self) -> list[tuple[str, int, str, str]]:
        """Those of apps that have a started machine: an app that is wholly stopped is so on purpose."""
        rows = self._writer.connection.execute(
            "SELECT id, app_id, state, host FROM machines"
            " WHERE app_id IN (SELECT app_id FROM machines WHERE state = 'started') ORDER BY id"
        )
        return [(str(machine), int(str(app_id)), str(state), str(host)) for machine, app_id, state, host in rows]

    def _started(self, app_id: int) -> int:
        sql = "SELECT id FROM machines WHERE app_id = ? AND state = 'started'"
        return len(self._writer.connection.execute(sql, (app_id,)).fetchall())

    def _put(self, ordinal: int, row: dict[str, Value]) -> None:
        with self._writer.commit(ordinal):
            self._writer.put("machines", row)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same changes.")
@click.option("--interval", default=0.5, show_default=True, help="Seconds between changes.")
@click.option("--count", default=0, show_default=True, help="How many changes; 0: until stopped.")
@click.option("--quiet", is_flag=True, help="Do not say what is done.")
def main(file: Path, seed: int, interval: float, count: int, quiet: bool) -> None:
    """Keep changing the state database FILE."""
    changer = Changer(file, seed)

    async def keep_changing() -> None:
        done = 0
        while not count or done < count:
            said = changer.change()
            done += 1
            if not quiet:
                click.echo(said)
            await trio.sleep(interval)

    try:
        trio.run(keep_changing)
    except KeyboardInterrupt:
        pass
    finally:
        changer.close()


if __name__ == "__main__":
    main()
