"""One target under atheris: `python -m tests.fuzz.guided TARGET [libFuzzer's options and folders]`."""

import importlib
import sys


def main() -> None:
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["cache", "internal_zones", "resolver"]):
        targets = importlib.import_module("tests.fuzz.targets").targets()
    atheris.Setup([sys.argv[0], *sys.argv[2:]], targets[sys.argv[1]].take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
