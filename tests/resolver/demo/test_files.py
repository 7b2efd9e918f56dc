"""Where the demo's files are."""

import tomllib

from resolver.demo.files import TOP, file_of


def test_in_a_checkout_they_are_at_its_top() -> None:
    assert file_of("fixtures/internet.toml") == TOP / "fixtures" / "internet.toml"
    assert file_of("conf/state-schema.sql").is_file()


def test_the_wheel_brings_all_of_their_folders() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    brought = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert brought == {"fixtures": "resolver/demo/fixtures", "conf": "resolver/demo/conf"}
