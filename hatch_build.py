"""Compiles the modules that pyproject.toml names to one native extension: for wheels, and for `make build`.

mypyc turns typed Python into C, a file for each module; all cores compile them, and what has not changed since is taken as it
is. The .py files stay what they are: they run without any of this, and say the same. In a folder with both, Python takes the
compiled module.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).parent
COPIED: Final = ("cache", "internal_zones", "resolver", "conf", "fixtures")  # the packages, and what the demo stands on
HOOK: Final = ("tool", "hatch", "build", "targets", "wheel", "hooks", "custom")
# hidden: calls from one file to another are as direct as those within it
FLAGS: Final = ("-O2", "-g0", "-w", "-fvisibility=hidden")
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

    files = [module.replace(".", "/") + ".py" for module in modules]
    files = [file if (ROOT / file).exists() else file.removesuffix(".py") + "/__init__.py" for file in files]
    with contextlib.chdir(ROOT):
        extensions = mypycify(files, group_name=EXTENSION, multi_file=True, target_dir=str(scratch))
    with ThreadPoolExecutor(os.cpu_count()) as cores:  # each waits for a process of the compiler's
        jobs = {
            extension.name: [cores.submit(_object_of, source, extension, scratch) for source in extension.sources]
            for extension in extensions
        }
        for name, objects in jobs.items():
            place = into / (name.replace(".", "/") + EXTENSION_SUFFIXES[0])
            _compiler().link_shared_object([job.result() for job in objects], str(place))


def _object_of(source: str, extension: Any, scratch: Path) -> str:
    """The object file of a C file: as it was compiled before, if nothing of what it is made of has changed."""
    from mypy.version import __version__ as of_mypyc  # whose own C code and headers go with it

    digest = hashlib.sha256(repr((sys.version, of_mypyc, FLAGS)).encode())
    for file in (source, *sorted(extension.depends)):
        digest.update(Path(file).read_bytes())
    folder = scratch / "objects"
    made_of = folder / (source.lstrip("/").replace("/", "+") + ".sha256")
    made = made_of.with_suffix(".o")
    if not made.exists() or not made_of.exists() or made_of.read_text() != digest.hexdigest():
        made_of.unlink(missing_ok=True)
        (compiled,) = _compiler().compile(
            [source], str(folder), include_dirs=extension.include_dirs, extra_postargs=list(FLAGS)
        )
        shutil.move(compiled, made)
        made_of.write_text(digest.hexdigest())
    return str(made)


def _compiler() -> Any:
    """The C compiler, with the flags and headers of this interpreter."""
    from distutils import ccompiler, sysconfig

    import setuptools  # noqa: F401  # puts distutils in its place

    compiler = ccompiler.new_compiler()
    sysconfig.customize_compiler(compiler)
    compiler.add_include_dir(sysconfig.get_python_inc())
    return compiler


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
    for folder in COPIED:
        shutil.copytree(ROOT / folder, into / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (scratch / "modules").rglob("*.so"):
        if _name_of(module.relative_to(scratch / "modules")) in {*wanted, f"{EXTENSION}__mypyc"}:
            shutil.copy(module, into / module.relative_to(scratch / "modules"))


def _name_of(extension: Path) -> str:
    """The module that a compiled file is: of `cache/names.cpython-311-x86_64-linux-gnu.so`, `cache.names`."""
    names = (*extension.parent.parts, extension.name.partition(".")[0])
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


if __name__ == "__main__":
    build_beside_a_copy(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
