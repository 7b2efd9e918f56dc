"""`make replay`: plays the scenarios of other resolvers' authors against the daemon as a process.

They and their runner stand outside of this repository (../shared/rpl, or --from); nothing is written there. Exits 1 when
a scenario does not pass that is not listed in expected.tsv, or cannot be played at all.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.replay.expected import Outcome, good_news, read_expected, read_outcomes, surprises

HERE: Final = Path(__file__).resolve().parent
PROJECT: Final = HERE.parents[1]
SCENARIOS: Final = PROJECT.parent / "shared" / "rpl"
CONFIG: Final = HERE / "cistern.toml.j2"  # in place of the runner's: it takes features, too
EXPECTED: Final = HERE / "expected.tsv"
DAEMON: Final = PROJECT / ".venv" / "bin" / "cistern"
PATIENCE: Final = 900.0  # s for all 218; two cores with nothing else to do take 110


def main() -> int:
    options = _arguments()
    source = Path(options.source).resolve()
    why_not = why_unplayable(source)
    if why_not:
        print(f"replay: not played: {why_not}", file=sys.stderr)
        return 0 if options.if_possible else 1
    with TemporaryDirectory(prefix="cistern-replay-") as folder:
        outcomes = play(source, Path(folder), options)
    return report(outcomes)


def why_unplayable(source: Path) -> str:
    """What is missing; "" when nothing is."""
    if not (source / "runner" / "rplrun.py").is_file():
        return f"no scenarios and no runner in {source}"
    if shutil.which("cc") is None:
        return "cc is not installed: the runner compiles its clock"
    if shutil.which("unshare") is None:
        return "unshare is not installed (Debian: util-linux)"
    users = [] if os.geteuid() == 0 else ["--map-root-user"]
    tried = subprocess.run(["unshare", *users, "--net", "--pid", "--fork", "true"], capture_output=True, text=True)
    return f"no network namespace can be made here: {tried.stderr.strip()}" if tried.returncode else ""


def play(source: Path, folder: Path, options: argparse.Namespace) -> list[Outcome]:
    """Run the runner; raises subprocess.TimeoutExpired and CalledProcessError when it does not come to its end."""
    # a copy that lasts as long as the run: it compiles its clock beside itself, and the original may not be written to
    here = folder / "rpl"
    shutil.copytree(source, here, ignore=shutil.ignore_patterns("scenarios", "__pycache__"))
    shutil.copy(CONFIG, here / CONFIG.name)
    (here / "scenarios").symlink_to(source / "scenarios")
    work, table = folder / "work", folder / "out.tsv"
    command = [sys.executable, "runner/rplrun.py", "--profile", "cistern.yaml", "--tsv", str(table), "--tmp", str(work)]
    command += ["-j", str(options.jobs), "--quiet"]
    command += ["-k", options.only] if options.only else []
    sets = sorted(str(path.relative_to(source)) for path in (source / "scenarios").iterdir() if path.is_dir())
    environment = os.environ | {"CISTERN": str(DAEMON), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*command, *sets], cwd=here, env=environment, timeout=options.patience, check=False)
    if not table.is_file():
        raise subprocess.CalledProcessError(done.returncode, command)
    text = table.read_text()
    if options.table:
        Path(options.table).write_text(text)
    return read_outcomes(text)


def report(outcomes: list[Outcome]) -> int:
    """Say how it went; returns the exit code."""
    expected = read_expected(EXPECTED.read_text())
    for key in good_news(outcomes, expected):
        print(f"replay: {key.set}/{key.scenario} passes: {EXPECTED.name} may lose it")
    unexpected = list(surprises(outcomes, expected))
    for line in unexpected:
        print(f"replay: {line}")
    passed = sum(outcome.result == "pass" for outcome in outcomes)
    print(f"replay: {passed} of {len(outcomes)} pass; {len(unexpected)} of the others should have")
    return 1 if unexpected or not outcomes else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("--from", dest="source", default=str(SCENARIOS), help="folder with runner/ and scenarios/")
    parser.add_argument("--only", default="", help="regular expression for the names of the scenarios to play")
    parser.add_argument("--jobs", type=int, default=2, help="scenarios at a time")
    parser.add_argument("--table", default="", help="write the runner's table here too")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds for all of them")
    parser.add_argument("--if-possible", action="store_true", help="exit 0 when they cannot be played here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
