"""`cistern demo`, as far as its command line."""

from tests.resolver.cli.conftest import cistern


def test_the_demo_takes_no_arguments() -> None:
    assert cistern("demo", "now").exit_code == 2
