"""Public holidays for the countries that people and units name: net capacity needs them inside the engine.

A calendar is a function of the country and of the `holidays` library's version alone, which stands beside it.
"""

import importlib.metadata
from datetime import date

from services.projections.clickhouse import ClickHouse
from services.projections.definitions import table

_YEARS = range(1990, 2061)
_WEEKEND = (6, 7)
COUNTRIES = """SELECT country
    FROM (SELECT country FROM person_events UNION DISTINCT SELECT country FROM unit_events) WHERE country IS NOT NULL"""
"""The query for the countries that people and units name."""


def library_version() -> str:
    """The version of the library that the calendars come from."""
    return importlib.metadata.version("holidays")


def fill_calendars(clickhouse: ClickHouse) -> None:
    """Adds the calendars of countries that have none of this library version yet."""
    wanted = clickhouse.rows(
        f"SELECT country FROM ({COUNTRIES}) "
        "WHERE country NOT IN (SELECT country FROM calendars WHERE library = {library:String}) "
        "ORDER BY country",
        {"library": library_version()},
    )
    countries = [str(row["country"]) for row in wanted]
    if not countries:
        return
    calendars = [calendar(country) for country in countries]
    clickhouse.insert(
        table("calendars").physical,
        {
            "country": countries,
            "library": [library_version()] * len(countries),
            "weekend": [list(weekend) for weekend, _ in calendars],
            "days": [days for _, days in calendars],
        },
    )


def calendar(country: str) -> tuple[tuple[int, ...], list[date]]:
    """The days of the week that are off, Monday 1, and the holidays."""
    import holidays

    code, _, subdivision = country.partition("-")
    try:
        found = holidays.country_holidays(code, subdiv=subdivision or None, years=_YEARS)
    except NotImplementedError:
        # unknown to the library: an ordinary weekend and no holidays, which the view's comment says
        return _WEEKEND, []
    return tuple(sorted(day + 1 for day in found.weekend)), sorted(found)
