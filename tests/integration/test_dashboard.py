"""The dashboard in a real browser: live, at two times, drilled into, downloaded, and open to everybody's hands."""

import contextlib
import html
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from services.commands.app import Governance
from services.dashboard.pages import MENU
from services.dashboard.server import Dashboard
from services.up import DASHBOARD_SAYS
from tests.e2e.cli import Pmo, run
from tests.integration.dashboard import Served, chromium, opened, served, settle, until
from tests.integration.workspaces import command, process, workspace

PAGES = (*(path for path, _, _ in MENU), "/project/OPS-01", "/kpi/on-time", "/control/4")
WITHIN_S, TRIES = 2.0, 3
"""A machine that does other things besides may be late once, but not each time."""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("dashboard")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def pmo(board: Served) -> Pmo:
    return Pmo(board.settings.home)


def tiles(page: str) -> dict[tuple[str, str], tuple[str, str]]:
    """By KPI and standing, the exact value and the one shown."""
    found = {}
    for tile in re.findall(r'<li class="tile.*?</li>', page, re.DOTALL):
        kpi = re.search(r'data-kpi="([^"]+)"', tile)
        assert kpi
        for exact, standing, shown in re.findall(r'data-value="([^"]*)" data-standing="(\w+)">([^<]*)<', tile):
            found[kpi[1], standing] = (exact, shown)
    return found


FAMILIES = ("delivery", "budget", "resources", "success", "satisfaction", "improvement")
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ()),
    (
        "?unit=OPS&as_of=2026-06-30&known_at=2026-07-05",
        ("--unit", "OPS", "--as-of", "2026-06-30", "--known-at", "2026-07-05"),
    ),
)


@pytest.mark.parametrize(
    ("query", "options"), [QUESTIONS[0], pytest.param(*QUESTIONS[1], marks=pytest.mark.long)], ids=["now", "then"]
)
def test_every_figure_is_the_one_that_the_command_line_prints(
    board: Served, pmo: Pmo, query: str, options: tuple[str, ...]
) -> None:
    told = pmo.data("kpi", *options)
    wanted = {
        (figure["kpi"], figure["standing"]): figure["value"]
        for figure in told["figures"]
        if told["kpis"][figure["kpi"]]["family"] in FAMILIES
    }
    assert len(wanted) > 20
    expected = {place: "" if value is None else round(Decimal(value), 8) for place, value in wanted.items()}
    deadline = time.monotonic() + 30
    while True:
        # what was computed while the company still landed is replaced by and by
        panels = board.panels(f"/{query}", *FAMILIES)
        shown = tiles("".join(panel["html"] for panel in panels.values()))
        found = {place: exact and round(Decimal(exact), 8) for place, (exact, _) in shown.items()}
        if found == expected or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert found == expected


def csv(board: Served, path: str) -> list[list[str]]:
    status, text, headers = board.get(f"/csv{path}")
    assert status == 200, text
    assert headers["content-type"].startswith("text/csv")
    import csv as reader

    return list(reader.reader(text.splitlines()))[1:]


def test_the_other_pages_say_what_their_commands_print(board: Served, pmo: Pmo) -> None:
    capacity = pmo.data("capacity", "--by", "unit")["loads"]
    rows = csv(board, "/capacity?by=unit&panel=heat")
    assert [(row[0], Decimal(row[2]), Decimal(row[7])) for row in rows] == [
        (load["group"], round(Decimal(load["net"]), 2), round(Decimal(load["gap"]), 2)) for load in capacity
    ]
    projects = pmo.data("portfolio", "list")["projects"]
    assert [row[0] for row in csv(board, "/projects?panel=projects")] == [each["project"] for each in projects]
    ranked = pmo.data("portfolio", "rank", "--budget", "500000")["places"]
    rows = csv(board, "/pipeline?budget=500000&panel=ranking")
    assert [(row[2], row[1]) for row in rows] == [
        (each["project"], "within" if each["within"] else f"cut: {each['cut_by']}") for each in ranked
    ]
    audited = pmo.data("explain", "4")["scores"]
    cells = csv(board, "/control/4?panel=units")
    assert sum(int(row[3]) for row in cells) == sum(score["activated"] for score in audited)
    explained = pmo.data("explain", "on-time")["rows"]
    assert {row[1] for row in csv(board, "/kpi/on-time?rows=all&panel=rows")} == {row["subject"] for row in explained}


@pytest.mark.long
@pytest.mark.parametrize(
    "path",
    [*PAGES, "/kpi/on-time?by=project&from=2026-01-01&every=quarter", "/control/4?from=2026-01-01&to=2026-06-30",
     "/capacity?by=unit&unit=OPS", "/pipeline?budget=500000&budget_then=-30%25&without=DIG-16",
     "/attention?unit=OPS&as_of=2026-06-30&known_at=2026-07-05%2012:00"],
)  # fmt: skip
def test_the_commands_that_a_page_names_can_be_given(
    board: Served, pmo: Pmo, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, text, _ = board.get(path)
    named = re.findall(r"<code>pmo (.+?)</code>", text.partition('class="commands"')[2])
    assert named
    for line in named:
        assert pmo.ok(*shlex.split(html.unescape(line)))


def test_every_page_is_complete_and_has_no_serious_barrier(board: Served, browser: Browser) -> None:
    axe = Axe()
    for path in PAGES:
        with opened(browser, board.url + path, color_scheme="dark" if path == "/portfolio" else "light") as page:
            settle(page)
            assert page.title()
            assert "went wrong" not in page.content()
            found = [v for v in axe.run(page).response["violations"] if v["impact"] in ("serious", "critical")]
            assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == [], path


def test_what_another_process_records_appears_without_a_reload(board: Served, browser: Browser) -> None:
    with opened(browser, board.url) as page:
        settle(page)
        until(page, "document.getElementById('stamp').dataset.state === 'live'")
        page.evaluate("window.neverLoadedAgain = true")
        took = []
        for number in range(1, TRIES + 1):
            code = f"CRANE-{number}"
            done = run(board.settings.home, "project", "propose", code, "--name", "Crane renewal", "--unit", "OPS")
            assert done.returncode == 0, done.stderr
            took.append(until(page, f"document.getElementById('stamp').textContent.includes('{code}')", 30))
            until(page, f"document.getElementById('latest').textContent.includes('{code}')", 60)
        assert min(took) < WITHIN_S, took
        assert page.evaluate("window.neverLoadedAgain") is True
    with opened(browser, board.url + "/attention") as page:
        settle(page)
        run(board.settings.home, "project", "propose", "DOCK-8", "--name", "Dock renewal", "--unit", "OPS")
        until(page, "document.getElementById('decisions').textContent.includes('DOCK-8')", 60)


def test_the_times_stand_in_the_address_and_can_be_played(board: Served, browser: Browser) -> None:
    with opened(browser, board.url + "/portfolio") as page:
        settle(page)
        page.focus("#as_of_slide")
        for _ in range(3):
            page.keyboard.press("PageDown")
        until(page, "location.search.includes('as_of=')")
        settle(page)
        day = page.input_value("#as_of")
        assert f"as_of={day}" in page.url
        assert page.evaluate("document.querySelector('a[data-nav][href^=\"/attention\"]').href").endswith(
            f"as_of={day}"
        )
        page.fill("#known_at", day)
        page.dispatch_event("#known_at", "change")
        until(page, "document.getElementById('stamp').dataset.state === 'frozen'")
        assert "As known then" in page.inner_text("#stamp")
        page.click("#today")
        until(page, "location.search === ''")
        page.click("#play")
        first = page.input_value("#as_of")
        until(page, f"document.getElementById('as_of').value > '{first}' || location.search.includes('as_of')", 30)
        until(page, "new Set(performance.getEntriesByType('resource').map(e => e.name)"
              ".filter(n => n.includes('/portfolio?as_of'))).size >= 2", 40)  # fmt: skip
        page.click("#play")


def test_a_figure_leads_to_its_rows_and_to_who_recorded_what(board: Served, browser: Browser) -> None:
    with opened(browser, board.url + "/?versus=12") as page:
        settle(page)
        page.click('#delivery [data-kpi="on-time"] a')
        settle(page)
        assert "/kpi/on-time?versus=12" in page.url
        first = page.locator(".evidence details").first
        first.locator("summary").click()
        assert re.search(r"recorded \d{4}-\d\d-\d\d .* by \w+", first.inner_text())
        first.locator("a").click()
        settle(page)
        assert "/project/" in page.url
        assert page.locator(".timeline li").count() > 3


def test_filters_tables_downloads_and_themes_by_hand_and_keyboard(board: Served, browser: Browser) -> None:
    with opened(browser, board.url + "/standards") as page:
        settle(page)
        page.select_option("#unit", "FIN")
        until(page, "location.search === '?unit=FIN'")
        settle(page)
        assert page.input_value("#unit") == "FIN"
        button = page.locator("#adoption-unit [data-toggle]")
        button.focus()
        page.keyboard.press("Enter")
        assert page.locator("#adoption-unit table").is_visible()
        assert button.get_attribute("aria-pressed") == "true"
        with page.expect_download() as csv_file:
            page.click("#adoption-unit a[download]")
        assert "FIN" in Path(csv_file.value.path()).read_text()
        button.press("Enter")
        with page.expect_download() as png_file:
            page.click("#adoption-unit [data-png]")
        assert Path(png_file.value.path()).read_bytes().startswith(b"\x89PNG")
        before = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


@pytest.mark.long
def test_the_stream_goes_on_when_the_server_was_away(board: Served, browser: Browser) -> None:
    first = Dashboard(board.settings, board.now.clickhouse, port=0)
    first.start()
    port = int(first.address.rpartition(":")[2])
    with opened(browser, first.address, ends=True) as page, contextlib.ExitStack() as stack:
        until(page, "document.getElementById('stamp').dataset.state === 'live'")
        first.stop()
        until(page, "document.getElementById('stamp').dataset.state === 'stale'", 20)
        command(board.now.app, "unit register", unit="AWAY", name="Meanwhile")
        again = Dashboard(board.settings, board.now.clickhouse, port=port)
        stack.callback(again.stop)
        again.start()
        until(page, "document.getElementById('stamp').dataset.state === 'live'", 20)
        until(page, "document.getElementById('latest').textContent.includes('AWAY')", 60)


def test_it_can_be_read_on_a_phone_and_on_paper(board: Served, browser: Browser) -> None:
    for path in ("/", "/compliance", "/project/OPS-01"):
        with opened(browser, board.url + path, viewport={"width": 390, "height": 844}) as page:
            settle(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
            page.click("#menu")
            assert page.locator("nav a").first.is_visible()
            page.keyboard.press("Escape")
            page.emulate_media(media="print")
            assert not page.locator("nav a").first.is_visible()


@pytest.mark.long
def test_it_moves_through_kafka_and_beside_a_running_pmo_up(
    broker: str, prefix: str, tmp_path: Path, browser: Browser
) -> None:
    settings = workspace(tmp_path, kafka=broker, topic_prefix=prefix, partitions=2)
    with process("up-web", settings) as up, contextlib.closing(Governance(settings)) as app:
        url = said_address(up)
        with (
            process("web", settings) as beside,
            opened(browser, url) as page,
            opened(browser, said_address(beside)) as other,
        ):
            for each in (page, other):
                until(each, "document.getElementById('stamp').dataset.state === 'live'", 30)
            took = []
            for number in range(TRIES):
                command(app, "unit register", unit=f"DOCK-{number}", name="Docks")
                took.append(until(page, f"document.getElementById('stamp').textContent.includes('DOCK-{number}')", 30))
                for each in (page, other):
                    until(each, f"document.getElementById('latest').textContent.includes('DOCK-{number}')", 60)
            assert min(took) < WITHIN_S, took


def said_address(part: "subprocess.Popen[str]") -> str:
    assert part.stdout is not None
    for line in part.stdout:
        if line.startswith(DASHBOARD_SAYS):
            return line.removeprefix(DASHBOARD_SAYS).strip()
    raise AssertionError(part.communicate())
