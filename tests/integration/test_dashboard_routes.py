"""What the dashboard's addresses answer, and what they refuse."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from services.dashboard.server import Dashboard
from services.errors import BadInput, Unavailable
from services.projections.clickhouse import QueryFailed
from tests.integration.dashboard import Served, served

TOKEN = "a-token-of-24-characters"
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("routes"), scale=0.02) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/complience", 404, "There is no page /complience; did you mean compliance"),
        ("/project/NOWHERE-1", 404, "There is no project NOWHERE-1 at that time"),
        ("/kpi/on-tme", 404, "did you mean on-time"),
        ("/control/999", 404, "There is no control"),
        ("/?unit=OPSS", 404, "There is no unit OPSS at that time; did you mean OPS"),
        ("/?as_of=soon", 400, "as_of: &#39;soon&#39; is not a day"),
        ("/?known_at=2200-01-01", 400, "lies in the future"),
        ("/?asof=2026-01-01", 400, "takes no parameter &#39;asof&#39;; did you mean as_of?"),
        ("/capacity?by=colour", 400, "there is no &#39;colour&#39;"),
        ("/?known_basis=heard", 400, "give recorded or reported"),
        ("/?versus=7", 400, "give 1, 3 or 12 months"),
        ("/kpi/on-time?from=2026-02-01&as_of=2026-01-01", 400, "lies after"),
        ("/kpi/on-time?from=2026-02-01&to=2026-01-01", 400, "swap from and to."),
        ("/static/none.css", 404, "There is no such page"),
        ("/attention?unit=" + "X" * 300, 400, "longer than 200 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_answered_by_a_sentence(board: Served, path: str, status: int, sentence: str) -> None:
    found, text, headers = board.get(path)
    assert (found, sentence in text) == (status, True), text[:2000]
    assert "Traceback" not in text
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")


def test_a_wrong_limit_of_the_pipeline_is_said_in_its_panels(board: Served) -> None:
    panels = board.panels("/pipeline?budget=lots", "ranking")
    assert "is not an amount" in panels["ranking"]["html"]


def test_panels_and_tables_that_there_are_not(board: Served) -> None:
    for path in ("/fragments/?panels=none", "/csv/?panel=none", "/csv/?panel=delivery&table=none", "/csv/none"):
        status, text, _ = board.get(path)
        assert (status, "There is no" in json.loads(text)["error"]) == (404, True), path


def test_only_this_machine_and_no_other_site_is_answered(board: Served) -> None:
    assert board.get("/", {"Host": "evil.example"})[0] == 421
    assert board.get("/", {"Host": "localhost:1"})[0] == 200
    assert board.get("/fragments/?panels=latest", {"Origin": "https://evil.example"})[0] == 403
    assert board.get("/fragments/?panels=latest", {"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert board.get("/login", {"Sec-Fetch-Site": "cross-site"}, "POST", "token=x")[0] == 403
    assert board.get("/", method="DELETE")[0] == 405
    assert board.get("/", method="POST")[0] == 405
    assert board.get("/?unit=" + "x" * 9000)[0] == 414
    assert board.get("/login", {}, "POST", "token=" + "x" * 9000)[0] == 413


def test_nothing_that_runs_or_styles_stands_in_the_page(board: Served) -> None:
    text = board.get("/portfolio")[1]
    scripts = [line for line in text.splitlines() if "<script" in line and "application/json" not in line]
    assert scripts
    assert all('src="/static/' in line for line in scripts)
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick" not in text


def test_a_reader_of_the_dashboard_writes_nothing(board: Served) -> None:
    with board.now.clickhouse.session({"max_execution_time": 5}) as reader:
        assert reader.scalar("SELECT count() > 0 FROM events") == 1
        with pytest.raises(QueryFailed, match="readonly"):
            reader.command("CREATE TABLE t (a Int8) ENGINE = Memory")
        with pytest.raises(QueryFailed, match="TIMEOUT|exceeded"):
            reader.scalar("SELECT count() FROM numbers(1e13) WHERE NOT ignore(sipHash64(number))")


class _Closing:
    def __init__(self, dashboard: Dashboard) -> None:
        self.close = dashboard.stop


def test_elsewhere_than_here_only_with_the_token(board: Served) -> None:
    with pytest.raises(BadInput, match="PMO_WEB_TOKEN"):
        Dashboard(board.settings, board.now.clickhouse, "0.0.0.0", 0)
    settings = board.settings.model_copy(update={"web_token": SecretStr(TOKEN)})
    dashboard = Dashboard(settings, board.now.clickhouse, "0.0.0.0", 0)
    dashboard.start()
    with contextlib.closing(_Closing(dashboard)):
        other = Served(settings, dashboard.address, board.now)
        assert other.get("/healthz")[0] == 200
        assert other.get("/static/app.css")[0] == 200
        assert other.get("/fragments/?panels=latest")[0] == 401
        status, _, headers = other.get("/attention?unit=OPS", {"Accept": "text/html"})
        assert (status, headers["location"]) == (303, "/login?next=%2Fattention%3Funit%3DOPS")
        assert "token" in other.get("/login")[1]
        assert other.get("/login", {}, "POST", "token=wrong")[0] == 401
        assert other.get("/live/", {"Authorization": "Bearer wrong"})[0] == 401
        assert other.get("/fragments/?panels=latest", {"Authorization": f"Bearer {TOKEN}"})[0] == 200
        good = urlencode({"token": TOKEN, "next": "//evil.example"})
        status, _, headers = other.get("/login", {}, "POST", good)
        assert (status, headers["location"]) == (303, "/")
        cookie = headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert other.get("/", {"Cookie": cookie.partition(";")[0]})[0] == 200


def test_a_taken_port_is_said_with_what_helps(board: Served) -> None:
    port = int(board.url.rpartition(":")[2])
    dashboard = Dashboard(board.settings, board.now.clickhouse, port=port)
    with contextlib.closing(_Closing(dashboard)), pytest.raises(Unavailable, match=f"Port {port} .* --web-port"):
        dashboard.start("choose another by --web-port")


@pytest.mark.long
def test_the_present_pack_is_served_and_runs_nothing(board: Served) -> None:
    status, text, headers = board.get("/steering/pack?unit=OPS")
    assert (status, "not issued" in text) == (200, True)
    assert "sandbox" in headers["content-security-policy"]
    assert board.get("/steering/pack?unit=NONE")[0] == 404


def test_names_are_shown_as_the_directory_has_them(board: Served, tmp_path: Path) -> None:
    html = board.panels("/portfolio", "slip")["slip"]["html"]
    manager = board.now.clickhouse.scalar(
        "SELECT name FROM names WHERE subject = (SELECT concat('person:', any(manager)) FROM project_log("
        "as_of_k = 9000000000000000000, known_at = '2200-01-01 00:00:00', basis = 'recorded') WHERE manager != '')"
    )
    assert manager
    assert " " in str(manager)
    assert "MERIDIAN" not in html
