"""Which rules an audit applies: those of the files, or those that were published at the time asked for."""

from pathlib import Path

from services.projections.checking import Control, read_control
from services.projections.clickhouse import ClickHouse
from services.projections.scope import Scope
from services.projections.templates import view


def rules_then(clickhouse: ClickHouse, scope: Scope) -> dict[str, Control]:
    """The controls in force at the scope's times, in the words that were published then, by id and in number order.

    Raises BadInput for words that this program no longer understands.
    """
    query = f"SELECT control_key, published.2 AS words FROM {view('published_controls')} ORDER BY control_key"
    rows = clickhouse.rows(query, scope.params())
    known = [read_control(Path(f"{row['control_key'].lower()} as published"), row["words"].encode()) for row in rows]
    return {control.id: control for control in sorted(known, key=lambda control: control.number)}
