"""Where the demo's files are: in the wheel beside this module, in a checkout at its top."""

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
TOP: Final = HERE.parents[1]


def file_of(name: str) -> Path:
    """The file or folder `name`, such as fixtures/internet.toml; pyproject.toml says what the wheel brings."""
    packaged = HERE / name
    return packaged if packaged.exists() else TOP / name
