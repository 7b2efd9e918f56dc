"""`make fuzz`: octets at every door for a minute, with an eye for coverage where atheris is installed.

`python -m tests.fuzz [TARGET …] [--seconds 60] [--seed N]`. What fails is kept in tests/fuzz/corpus/TARGET, which a test plays
from then on, and its traceback shown. Exits 1 if anything did.
"""

import argparse
import hashlib
import importlib.util
import subprocess
import sys
import time
import traceback
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target, targets

CORPUS: Final = Path(__file__).parent / "corpus"
SECONDS: Final = 60.0


def kept(name: str) -> list[bytes]:
    """What once failed at this target."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*"))]


def keep(name: str, data: bytes) -> Path:
    """Have it played from now on."""
    file = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def fuzz(name: str, target: Target, seconds: float, rng: Random) -> tuple[int, bool]:
    """Mutate honest octets for so long; how many were tried, and did none of them fail?"""
    pool = [*target.honest, *kept(name)]
    ends = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < ends:
        data = mutated(rng.choice(pool), rng.choice(pool), rng)
        tried += 1
        try:
            target.take(data)
        except Exception:
            traceback.print_exc()
            print(f"{name}: kept as {keep(name, data)}")
            return tried, False
        if len(pool) < 1000 and rng.random() < 0.01:
            pool.append(data)
    return tried, True


def fuzz_guided(name: str, target: Target, seconds: float) -> bool:
    """The same by atheris, in a process of its own: it ends the one it runs in."""
    seeds = CORPUS.parent / ".seeds" / name
    seeds.mkdir(parents=True, exist_ok=True)
    for number, honest in enumerate([*target.honest, *kept(name)]):
        (seeds / f"honest{number}").write_bytes(honest)
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={int(max(1, seconds))}", f"-artifact_prefix={CORPUS / name}/", "-verbosity=0"]
    command = [sys.executable, "-m", "tests.fuzz.guided", name, *options, str(seeds)]
    return subprocess.run(command, check=False, cwd=CORPUS.parents[2]).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    found = targets()
    parser.add_argument("targets", nargs="*", choices=[[], *found], help="all of them if none is named")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all of them together")
    parser.add_argument("--seed", type=int, default=None, help="to play the same again, without atheris")
    arguments = parser.parse_args()
    names = arguments.targets or list(found)
    seed = arguments.seed if arguments.seed is not None else time.time_ns() % 1_000_000
    is_guided = arguments.seed is None and importlib.util.find_spec("atheris") is not None
    print(f"{'atheris' if is_guided else f'seed {seed}'}: {', '.join(names)}")
    is_good = True
    for name in names:
        share = arguments.seconds / len(names)
        if is_guided:
            good = fuzz_guided(name, found[name], share)
        else:
            tried, good = fuzz(name, found[name], share, Random(f"{seed} {name}"))
            print(f"{name:10} {tried:8} tried {'' if good else 'FAILED'}", flush=True)
        is_good = is_good and good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
