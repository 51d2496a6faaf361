"""What the one client of the engine promises whatever came before."""

from pathlib import Path

import pytest

from services.projections.clickhouse import ClickHouse, QueryFailed

FAILING = "SELECT number, throwIf(number = 3000000) FROM numbers(5000000)"


def test_rows_of_a_query_that_failed_do_not_stand_in_the_next_answer(tmp_path: Path) -> None:
    with ClickHouse.embedded(tmp_path / "clickhouse") as engine, engine.session() as session:
        for connection in (engine, session):
            with pytest.raises(QueryFailed, match="throwIf"):
                connection.rows(FAILING)
            assert connection.rows("SELECT 1 AS a") == [{"a": 1}]
            with pytest.raises(QueryFailed, match="throwIf"):
                connection.raw(FAILING, {}, {}, "TSV")
            assert connection.raw("SELECT 2", {}, {}, "TSV") == b"2\n"
