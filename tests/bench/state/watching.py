"""Watches for the commits to one machine, as a process of its own: python -m … PORT SECONDS prints when each was first answered.

It asks every millisecond and takes each reply as it comes, so that a commit is seen half a millisecond after it could be. The
process that asks for all the others wakes more seldom.
"""

import sys

from tests.bench.state.load import Load

if __name__ == "__main__":
    load = Load(int(sys.argv[1]))
    print("begun", 0, flush=True)
    for number, at in load.watch(float(sys.argv[2])).items():
        print(number, at)
    load.close()
