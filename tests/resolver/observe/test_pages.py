"""What the pages say, whether all is well or not."""

import pytest

from tests.resolver.observe.over_http import answer_to, of, split


def get(path: str, problems: list[str] | None = None) -> tuple[str, str]:
    """The status line and the body."""
    return split(answer_to(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), of(problems or [])))


@pytest.mark.parametrize(
    ("path", "problems", "status", "body"),
    [
        pytest.param("/metrics", [], "200 OK", "a_total 1.0\n", id="metrics"),
        pytest.param("/metrics?name=a", [], "200 OK", "a_total 1.0\n", id="metrics with a query"),
        pytest.param("/livez", [], "200 OK", "ok\n", id="alive"),
        pytest.param("/livez", ["no database"], "200 OK", "ok\n", id="alive and unwell"),
        pytest.param("/readyz", [], "200 OK", "ok\n", id="ready"),
        pytest.param(
            "/readyz", ["no database", "no root"], "503 Service Unavailable", "no database\nno root\n", id="not ready"
        ),
        pytest.param("/", [], "404 Not Found", "Not Found\n", id="another path"),
    ],
)
def test_pages(path: str, problems: list[str], status: str, body: str) -> None:
    assert get(path, problems) == (f"HTTP/1.1 {status}", body)


def test_a_remark_is_shown_and_makes_nobody_unready() -> None:
    shown = of([], ("statement apps is slow",))
    assert split(answer_to(b"GET /readyz HTTP/1.0\r\n\r\n", shown)) == (
        "HTTP/1.1 200 OK",
        "ok\nremark: statement apps is slow\n",
    )


def test_readyz_lists_its_checks_to_who_wants_them() -> None:
    assert get("/readyz?verbose")[1] == "ok\n\nstate_database ok\n"
