"""The layout of a board's Excel export: what each row is, by what stands in it and around it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.errors import BadInput
from services.importers import whose
from services.importers.cells import Cell, text
from services.importers.monday.mapping import Column, plain
from services.importers.tabular import Row, Table

ID = "item id auto generated"
_START, _END = " - Start", " - End"


class Header(NamedTuple):
    """The columns of a block, and where each stands; a timeline is one column that stands in two places."""

    columns: tuple[Column, ...]
    places: dict[str, tuple[int, ...]]
    id: int | None


class Line(NamedTuple):
    """A row that shows an item, under its header. `parent` is the number of the row that a subitem stands below."""

    number: int
    name: str
    cells: Sequence[Cell]
    header: Header
    group: str | None
    block: int
    parent: int | None


class Layout(NamedTuple):
    """A whole sheet: the board's name, its items, the rows that are none with the reason, and the titles of groups."""

    board: str
    lines: list[Line]
    ignored: list[tuple[int, str]]
    groups: list[str]


def layout(table: Table, records: Sequence[Row]) -> Layout:
    """What each row is. Raises BadInput for a sheet that is no export of a board."""
    first = next((at for at, record in enumerate(records) if _is_header(record.cells)), None)
    titles = [(r.number, text(r.cells[0])) for r in records[:first] if r.cells and text(r.cells[0])]
    if first is None or not titles:
        seen = ", ".join(repr((text(cell) or "")[:40]) for cell in (records[0].cells[:6] if records else ()))
        begins = f"this one begins with {seen or 'nothing'}"
        other = whose.of_columns((text(cell) or "" for each in records[:10] for cell in each.cells), "monday")
        raise BadInput(
            f"{table.file} is no Excel export of a board of monday.com: that has the board's name in its first row and "
            f"below it rows that begin with Name and say the columns; {other or begins}."
        )
    found = Layout(str(titles[0][1]), [], [(r.number, "above the header") for r in records[:first]], [])
    if len(titles) > 1:
        found.groups.append(str(titles[-1][1]))
    _rows(found, records, first)
    return found


def _rows(found: Layout, records: Sequence[Row], first: int) -> None:
    header: Header | None = None
    below: Header | None = None
    group, parent, block = (found.groups[0] if found.groups else None), None, 0
    for at in range(first, len(records)):
        number, cells = records[at]
        filled = [place for place, cell in enumerate(cells) if text(cell) is not None]
        if not filled:
            below = None
            found.ignored.append((number, "blank"))
        elif _is_header(cells):
            found.ignored.append((number, "a header" if header is None else "a header again"))
            header, below, block = _header(cells), None, block + 1
        elif _is_subheader(cells):
            below = _header(cells)
            found.ignored.append((number, "a header of subitems"))
        elif filled == [0] and _is_before_header(records, at):
            group = str(text(cells[0]))
            found.groups.append(group)
            found.ignored.append((number, "a group's title"))
        elif filled[0] > 0:
            if below is not None and parent is not None and _is_name(cells):
                found.lines.append(Line(number, str(text(cells[1])), cells, below, group, block, parent))
            else:
                found.ignored.append((number, "totals of a group"))
        elif header is not None:
            parent, below = number, None
            found.lines.append(Line(number, str(text(cells[0])), cells, header, group, block, None))


def _is_header(cells: Sequence[Cell]) -> bool:
    return len(cells) > 1 and plain(text(cells[0]) or "") == "name" and isinstance(cells[0], str)


def _is_subheader(cells: Sequence[Cell]) -> bool:
    return len(cells) > 1 and [plain(text(cell) or "") for cell in cells[:2]] == ["subitems", "name"]


def _is_before_header(records: Sequence[Row], at: int) -> bool:
    following = (record.cells for record in records[at + 1 :] if any(text(cell) for cell in record.cells))
    return _is_header(next(following, ()))


def _is_name(cells: Sequence[Cell]) -> bool:
    """A subitem has its name in the second column, where totals have nothing, or a number."""
    return len(cells) > 1 and isinstance(cells[1], str) and text(cells[1]) is not None


def _header(cells: Sequence[Cell]) -> Header:
    places: dict[str, tuple[int, ...]] = {}
    for at, cell in enumerate(cells):
        if (title := text(cell)) is not None:
            # of columns that share a title the first one counts
            places.setdefault(title, (at,))
    for title, pair in _pairs(places):
        places[title] = pair
    columns = tuple(Column(title, title, "timeline" if len(at) == 2 else None) for title, at in places.items())
    own = next((at[0] for title, at in places.items() if plain(title) == ID), None)
    return Header(columns, places, own)


def _pairs(places: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, tuple[int, int]]]:
    for title in list(places):
        name = title.removesuffix(_START)
        if name != title and (end := places.get(f"{name}{_END}")) is not None:
            yield name, (places[title][0], end[0])
