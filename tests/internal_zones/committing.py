"""Commits to a database at a steady rate, as a process of its own: python -m … FILE RATE SECONDS MACHINES.

Each commit gives one machine an address with its number in it; the times of the first machine's commits are printed.
"""

import sys
import time
from pathlib import Path

from resolver.demo.corrosion_file import CorrosionWriter

WATCHED_EVERY = 0.05  # seconds: often enough for figures, and each is seen before the next


def commit_steadily(path: Path, rate: int, seconds: float, among: int) -> None:
    """Commit to the first machines, so many of them."""
    writer = CorrosionWriter(path)
    rows = writer.connection.execute("SELECT id, network_id FROM machines ORDER BY id LIMIT ?", (among,)).fetchall()
    machines = [(str(machine), int(str(network))) for machine, network in rows]
    every = max(1, round(rate * WATCHED_EVERY))
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        is_watched = number % every == 0
        machine, network = machines[0] if is_watched else machines[1 + number % (len(machines) - 1)]
        with writer.commit(number % 5):
            writer.put("machines", {"id": machine, "address": f"fdaa:0:{network:x}:a:b:1:{number:x}:2"})
        if is_watched:
            print(number, time.monotonic(), flush=True)
    print("rate", round(rate * seconds / (time.monotonic() - began)), flush=True)
    writer.close()


if __name__ == "__main__":
    commit_steadily(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
