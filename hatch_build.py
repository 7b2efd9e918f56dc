"""Compiles the modules that pyproject.toml names to one native extension: for wheels, and for `make build`.

mypyc turns typed Python into C, a file for each module; all cores compile them, and what has not changed since is taken as it
is. The .py files stay what they are: they run without any of this, and say the same. In a folder with both, Python takes the
compiled module. The kernel's calls of UDP are written in C by hand, beside the module that says the same in Python.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
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
# hidden: calls from one file to another are as direct as those within it; no-plt: those to the interpreter nearly so
FLAGS: Final = ("-O3", "-g0", "-w", "-fvisibility=hidden", "-fno-plt")
TOGETHER: Final = ("-flto=auto",)  # gcc's: what one file calls of another is put in its place; by all cores
COUNTING: Final = ("-fprofile-generate", "-fprofile-update=single")
# what practice does not call is compiled as it would be without; nor does what was changed since fail the build
BY_COUNTS: Final = ("-fprofile-use", "-fprofile-partial-training", "-Wno-coverage-mismatch")
PRACTICE: Final = "tests.bench.practice"
PROFILE: Final = ROOT / "build" / "profile"
BY_HAND: Final = ("resolver.real_env_calls",)  # modules that stand there in C, too
EXTENSION: Final = "cistern"  # the compiled code of all modules is in `cistern__mypyc`


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the compiled modules into a wheel beside their sources. An editable one has none: who edits runs the source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        built = Path(tempfile.mkdtemp())
        compile_modules(self.config["modules"], built / "modules", built / "c", profile=PROFILE)
        modules = {str(file): str(file.relative_to(built / "modules")) for file in (built / "modules").rglob("*.so")}
        build_data["force_include"].update(modules)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_modules(
    modules: list[str], into: Path, scratch: Path, *, profile: Path | None = None, counts: bool = False
) -> None:
    """Compile `modules` of this source tree, each to its place below `into`. scratch: for C files; kept, it saves time.

    profile: a folder with what was counted (count_calls), to compile by. counts: count what is called, when it runs.
    """
    from mypyc.build import mypycify  # hatchling reads this file for other ends, too
    from setuptools import Extension

    files = [module.replace(".", "/") + ".py" for module in modules]
    files = [file if (ROOT / file).exists() else file.removesuffix(".py") + "/__init__.py" for file in files]
    with contextlib.chdir(ROOT):
        extensions = mypycify(files, group_name=EXTENSION, multi_file=True, target_dir=str(scratch))
    extensions += [Extension(module, [str(ROOT / (module.replace(".", "/") + ".c"))]) for module in BY_HAND]
    folder = scratch / ("counting" if counts else "objects")
    flags = COUNTING if counts else TOGETHER if _is_gcc() else ()
    with ThreadPoolExecutor(os.cpu_count()) as cores:  # each waits for a process of the compiler's
        jobs = {
            extension.name: [
                cores.submit(_object_of, source, extension, folder, profile, flags) for source in extension.sources
            ]
            for extension in extensions
        }
        for name, objects in jobs.items():
            place = into / (name.replace(".", "/") + EXTENSION_SUFFIXES[0])
            compiled = [job.result() for job in objects]
            _compiler().link_shared_object(compiled, str(place), extra_postargs=[*FLAGS, *flags])


def count_calls(modules: list[str], scratch: Path, profile: Path) -> None:
    """Have the compiler's own counters count what tests.bench.practice calls, and keep what they say in `profile`.

    What is called most then stands together and runs straight on: a miss takes a sixth less time. Files that have changed
    since are compiled by what still fits; without the folder it is counted anew.
    """
    compile_modules(modules, scratch / "counting-modules", scratch / "c", counts=True)
    _put_beside_a_copy(modules, scratch / "counting-modules", scratch / "counting-copy")
    paths = os.pathsep.join((str(scratch / "counting-copy"), str(ROOT)))
    quiet = subprocess.DEVNULL
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "0"}
    subprocess.run([sys.executable, "-m", PRACTICE], check=True, env=environment, stdin=quiet, stdout=quiet)
    counted = list((scratch / "c" / "counting").rglob("*.gcda"))
    if not counted:
        raise RuntimeError(f"{PRACTICE} left no counts")
    profile.mkdir(parents=True)
    for file in counted:
        shutil.copy(file, profile / file.name)


def _object_of(source: str, extension: Any, folder: Path, profile: Path | None, also: tuple[str, ...]) -> str:
    """The object file of a C file: as it was compiled before, if nothing of what it is made of has changed."""
    from mypy.version import __version__ as of_mypyc  # whose own C code and headers go with it

    flags = [*FLAGS, *also]
    made_from = [source, *sorted(extension.depends)]
    counted = profile / f"{Path(source).stem}.gcda" if profile is not None else None
    if counted is not None and not counted.exists():
        counted = None
    if counted is not None:
        flags += BY_COUNTS
        made_from.append(str(counted))
    digest = hashlib.sha256(repr((sys.version, of_mypyc, flags)).encode())
    for file in made_from:
        digest.update(Path(file).read_bytes())
    made_of = folder / (source.lstrip("/").replace("/", "+") + ".sha256")
    made = made_of.with_suffix(".o")
    if not made.exists() or not made_of.exists() or made_of.read_text() != digest.hexdigest():
        made_of.unlink(missing_ok=True)
        if counted is not None:
            _put_where_gcc_looks(counted, source, folder)
        (compiled,) = _compiler().compile(
            [source], str(folder), include_dirs=extension.include_dirs, extra_postargs=flags
        )
        shutil.move(compiled, made)
        made_of.write_text(digest.hexdigest())
    return str(made)


def _put_where_gcc_looks(counted: Path, source: str, folder: Path) -> None:
    """Beside the object file. A path behind -fprofile-use is taken for a folder; what is not found there is not missed."""
    (compiled,) = _compiler().object_filenames([source], output_dir=str(folder))
    beside = Path(compiled).with_suffix(".gcda")
    beside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(counted, beside)


def _compiler() -> Any:
    """The C compiler, with the flags and headers of this interpreter."""
    from distutils import ccompiler, sysconfig

    import setuptools  # noqa: F401  # puts distutils in its place

    compiler = ccompiler.new_compiler()
    sysconfig.customize_compiler(compiler)
    compiler.add_include_dir(sysconfig.get_python_inc())
    return compiler


def _is_gcc() -> bool:
    """Is it a compiler whose counters count_calls knows?"""
    return "gcc" in Path(sysconfig.get_config_var("CC").split()[0]).name


def compiled_modules() -> list[str]:
    """The modules that pyproject.toml wants compiled."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for key in HOOK:
        found = found[key]
    return list(found["modules"])


def build_beside_a_copy(into: Path, scratch: Path) -> None:
    """Make `into` a copy of the packages with the compiled modules in it: first on Python's path, it stands for the source."""
    wanted = compiled_modules()
    if _is_gcc() and not PROFILE.exists():
        count_calls(wanted, scratch, PROFILE)
    compile_modules(wanted, scratch / "modules", scratch / "c", profile=PROFILE)
    _put_beside_a_copy(wanted, scratch / "modules", into)


def _put_beside_a_copy(wanted: list[str], compiled: Path, into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    for folder in COPIED:
        shutil.copytree(ROOT / folder, into / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in compiled.rglob("*.so"):
        if _name_of(module.relative_to(compiled)) in {*wanted, *BY_HAND, f"{EXTENSION}__mypyc"}:
            shutil.copy(module, into / module.relative_to(compiled))


def _name_of(extension: Path) -> str:
    """The module that a compiled file is: of `cache/names.cpython-311-x86_64-linux-gnu.so`, `cache.names`."""
    names = (*extension.parent.parts, extension.name.partition(".")[0])
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


if __name__ == "__main__":
    build_beside_a_copy(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
