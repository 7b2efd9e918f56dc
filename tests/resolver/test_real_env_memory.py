"""The reserve, in a process of its own whose memory is bounded."""

import json
import subprocess
import sys
from typing import Final

MIB: Final = 1 << 20
PROGRAM: Final = """\
import json, resource, mmap
from resolver.real_env_memory import Reserve

def allow(octets):
    pages = int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + octets, resource.RLIM_INFINITY))

shed, seen, room = [], [], []
reserve = Reserve(16 << 20, 4 << 20)
reserve.shed = lambda: shed.append(1)

def look():
    reserve.look()
    seen.append((reserve.is_held, len(shed)))

look()
allow(8 << 20)
look()
allow(2 << 20)
look()
taken = mmap.mmap(-1, 10 << 20)  # of what was given back
look()
taken.close()
allow(18 << 20)
look()
allow(24 << 20)
look()
print(json.dumps(seen))
"""


def test_it_is_given_back_when_little_is_left_and_had_again_when_there_is_more() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(run.stdout) == [
        [True, 0],
        [True, 0],  # 8 MiB are left
        [False, 1],  # 2 MiB were, and 18 are now
        [False, 1],  # 8 MiB, of which nothing is kept back
        [False, 1],  # 18 MiB: too little for reserve and margin
        [True, 1],
    ]
