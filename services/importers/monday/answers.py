"""The shapes in which answers of monday.com's interface are kept: boards, pages of items, users, and errors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from services.errors import BadInput
from services.importers import whose
from services.importers.cells import shown, text
from services.importers.documents import Opened, elements
from services.importers.monday.mapping import Column, type_of
from services.importers.monday.values import key_of

_KNOWN = ("boards", "items", "next_items_page", "items_page_by_column_values", "users")
_MOST_SAID = 200


@dataclass(slots=True)
class Board:
    """What is known of a board from all files. `labels` are those of a column, by their numbers."""

    id: str
    name: str | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    done: dict[str, set[str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    count: int | None = None
    shown: int = 0


class Page(NamedTuple):
    """Items as they were asked for: of a board, or of one that only the items themselves name."""

    board: str | None
    items: list[Any]
    cursor: str | None
    is_next: bool


class Answer(NamedTuple):
    """One answer: its boards, pages, entries of activity logs by board, and users."""

    boards: list[Mapping[str, Any]]
    pages: list[Page]
    logs: list[tuple[str | None, list[Any]]]
    users: list[Any]


def answers(source: Opened) -> Iterator[Answer]:
    """The answers in a file: one, a list, or one a line. Raises BadInput for an error that was kept as a file."""
    found, keys, seems = False, list[str](), None
    for element in chain.from_iterable(elements(part, "responses") for part in source.texts):
        if not isinstance(element.value, dict):
            seen = shown(str(element.value))
            raise BadInput(f"{source.file} is JSON, but no answer of monday.com: it holds {seen!r}.")
        value = element.value
        if element.key is None and value.get("responses") is True and len(value) == 1:
            continue
        _refuse_errors(source.file, value)
        data = value.get("data")
        data = data if isinstance(data, dict) else value
        keys = keys or list(data)[:5]
        seems = seems or whose.of_keys(value, "monday")
        if (answer := _answer(data)) is not None:
            found = True
            yield answer
    if not found:
        only = f"only {', '.join(keys)}" if keys else "and nothing else"
        raise BadInput(
            f"{source.file} is JSON, but no answer of monday.com: it has neither boards nor items, {seems or only}."
        )


def _refuse_errors(file: str, value: Mapping[str, Any]) -> None:
    errors = value.get("errors") or ([value] if value.get("error_code") or value.get("error_message") else None)
    if not errors:
        return
    first = errors[0] if isinstance(errors, list) else errors
    message = first if isinstance(first, str) else None
    if isinstance(first, dict):
        message = text(str(first.get("message") or first.get("error_message") or first.get("error_code")))
    said = (message or "without words")[:_MOST_SAID].rstrip(". ")
    if value.get("data"):
        raise BadInput(f"{file} has an error beside its data, so that some of it is missing: {said}; ask again.")
    raise BadInput(f"{file} is no export but an error that monday.com answered: {said}; ask again.")


def _answer(data: Mapping[str, Any]) -> Answer | None:
    if "column_values" in data and "id" in data:
        return Answer([], [Page(None, [data], None, False)], [], [])
    if "items_page" in data or "activity_logs" in data:
        data = {"boards": [data]}
    if not any(name in data for name in _KNOWN):
        return None
    answer = Answer([], [], [], _list(data.get("users")))
    for board in _list(data.get("boards")):
        if isinstance(board, dict):
            _board(answer, board)
    for name in ("next_items_page", "items_page_by_column_values"):
        if isinstance(page := data.get(name), dict):
            answer.pages.append(_page(None, page, name == "next_items_page"))
    if isinstance(data.get("items"), list):
        answer.pages.append(Page(None, data["items"], None, False))
    return answer


def _board(answer: Answer, board: Mapping[str, Any]) -> None:
    key = key_of(board.get("id"))
    answer.boards.append(board)
    if isinstance(page := board.get("items_page"), dict):
        answer.pages.append(_page(key, page, False))
    if isinstance(items := board.get("items"), list):
        # as versions before 2023-10 gave them
        answer.pages.append(Page(key, items, None, False))
    for group in _list(board.get("groups")):
        if isinstance(group, dict) and isinstance(page := group.get("items_page"), dict):
            answer.pages.append(_page(key, page, False))
    if isinstance(logs := board.get("activity_logs"), list):
        answer.logs.append((key, logs))


def _page(board: str | None, page: Mapping[str, Any], is_next: bool) -> Page:
    cursor = page.get("cursor")
    return Page(board, _list(page.get("items")), cursor if isinstance(cursor, str) and cursor else None, is_next)


def learn(boards: dict[str, Board], told: Mapping[str, Any], file: str) -> None:
    """Adds what an answer says of a board: columns, their labels and which of them are done, groups, how many items."""
    key = key_of(told.get("id"))
    if key is None:
        raise BadInput(f"{file} has a board without its id; ask for boards {{ id name columns {{ id title type }} }}.")
    board = boards.setdefault(key, Board(key))
    board.name = text(_string(told.get("name"))) or board.name
    count = told.get("items_count")
    if isinstance(count, int) and not isinstance(count, bool):
        board.count = max(board.count or 0, count)
    for group in _list(told.get("groups")):
        if isinstance(group, dict) and isinstance(group.get("id"), str):
            board.groups[group["id"]] = text(_string(group.get("title"))) or group["id"]
    for column in _list(told.get("columns")):
        if isinstance(column, dict) and isinstance(column.get("id"), str):
            _column(board, column)


def _column(board: Board, told: Mapping[str, Any]) -> None:
    key = told["id"]
    title = text(_string(told.get("title"))) or key
    board.columns[key] = Column(key, title, type_of(told.get("type"), key))
    settings = _settings(told)
    labels, done = board.labels.setdefault(key, {}), board.done.setdefault(key, set())
    listed = settings.get("labels")
    colours = settings.get("done_colors")
    numbers = {str(number) for number in colours} if isinstance(colours, list) else set()
    for number, label in _labels(listed):
        name = text(_string(label.get("label") or label.get("name")))
        if name is not None:
            labels[number] = name
            if number in numbers or label.get("is_done") is True:
                done.add(name)


def _labels(listed: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By number: as older answers have them, or as newer ones list them."""
    if isinstance(listed, dict):
        yield from ((str(number), {"label": label}) for number, label in listed.items())
    for label in _list(listed):
        if isinstance(label, dict):
            yield str(label.get("id", label.get("index"))), label


def _settings(told: Mapping[str, Any]) -> Mapping[str, Any]:
    settings = told.get("settings_str") or told.get("settings")
    if isinstance(settings, str):
        try:
            settings = json.loads(settings)
        except (ValueError, RecursionError):
            return {}
    return settings if isinstance(settings, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
