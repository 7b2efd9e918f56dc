"""Compiles the modules that pyproject.toml names to one native extension: for wheels, and for `make build`.

mypyc turns typed Python into C. The .py files stay what they are: they run without any of this, and say the same. In a
folder with both, Python takes the compiled module.
"""

import contextlib
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).parent
PACKAGES: Final = ("cache", "internal_zones", "resolver")
HOOK: Final = ("tool", "hatch", "build", "targets", "wheel", "hooks", "custom")
OPTIMISATION: Final = "2"
EXTENSION: Final = "cistern"  # the compiled code of all modules is in `cistern__mypyc`


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the compiled modules into a wheel beside their sources. An editable one has none: who edits runs the source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        built = Path(tempfile.mkdtemp())
        compile_modules(self.config["modules"], built / "modules", built / "c")
        modules = {str(file): str(file.relative_to(built / "modules")) for file in (built / "modules").rglob("*.so")}
        build_data["force_include"].update(modules)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_modules(modules: list[str], into: Path, scratch: Path) -> None:
    """Compile `modules` of this source tree, each to its place below `into`. scratch: for C files; kept, it saves time."""
    from mypyc.build import mypycify  # hatchling reads this file for other ends, too
    from setuptools import Distribution

    files = [module.replace(".", "/") + ".py" for module in modules]
    files = [file if (ROOT / file).exists() else file.removesuffix(".py") + "/__init__.py" for file in files]
    with contextlib.chdir(ROOT):
        extensions = mypycify(
            files, group_name=EXTENSION, opt_level=OPTIMISATION, debug_level="0", target_dir=str(scratch)
        )
        command = Distribution({"name": EXTENSION, "ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(into), str(scratch)
        command.ensure_finalized()
        command.run()


def compiled_modules() -> list[str]:
    """The modules that pyproject.toml wants compiled."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for key in HOOK:
        found = found[key]
    return list(found["modules"])


def build_beside_a_copy(into: Path, scratch: Path) -> None:
    """Make `into` a copy of the packages with the compiled modules in it: first on Python's path, it stands for the source."""
    wanted = compiled_modules()
    compile_modules(wanted, scratch / "modules", scratch / "c")
    shutil.rmtree(into, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, into / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (scratch / "modules").rglob("*.so"):
        if _name_of(module.relative_to(scratch / "modules")) in {*wanted, f"{EXTENSION}__mypyc"}:
            shutil.copy(module, into / module.relative_to(scratch / "modules"))


def _name_of(extension: Path) -> str:
    """The module that a compiled file is: of `cache/names.cpython-311-x86_64-linux-gnu.so`, `cache.names`."""
    names = (*extension.parent.parts, extension.name.partition(".")[0])
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


if __name__ == "__main__":
    build_beside_a_copy(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
