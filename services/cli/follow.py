"""``pmo kpi --follow``: values as they change, line by line."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from services.cli import output
from services.cli.output import Column
from services.errors import BadInput
from services.settings import Settings

if TYPE_CHECKING:
    from schemas.kpi_value import KpiValue
    from services.kpi_stream import Changes, Latest
    from services.projections.kpi import Kpi

_STALE_S = 15
_COLUMNS = (
    Column("KPI", "title"),
    Column("unit", "group"),
    Column("standing", "standing"),
    Column("value", "value", number=True),
    Column("of", "of", number=True),
    Column("n", "n", number=True),
)


def follow_kpis(settings: Settings, kpis: "Mapping[str, Kpi]", by: str, unit: str | None, as_json: bool) -> None:
    """Prints the values of these KPIs, and then each that changes, until Ctrl-C.

    Raises BadInput for a grouping that is not published, and Unavailable where nobody publishes.
    """
    from services.kpi_stream import Latest, follow
    from services.up import stoppable

    if by not in ("portfolio", "unit"):
        raise BadInput(f"--follow shows values of the portfolio or by unit, not by {by}.")
    wanted = None if unit is None else unit.upper()
    latest, began = Latest(), datetime.now(UTC)
    was_stale = False
    with stoppable() as stop:
        for number, found in enumerate(follow(settings, latest, stop)):
            changes = [
                (before, now)
                for before, now in found
                if now.kpi in kpis and now.by == by and (wanted is None or now.group == wanted)
            ]
            age = _age(latest)
            _live("")
            was_stale = _stale(latest, was_stale, began, bool(settings.kafka))
            if as_json:
                for _, now in changes:
                    # seconds since the last event was recorded that anybody has landed
                    click.echo(json.dumps({**now.model_dump(mode="json"), "age": age}))
            elif number == 0:
                _show(kpis, [now for _, now in changes], by, age)
            else:
                _say(settings, kpis, changes)
            _live(_aged(age))
    _live("")


def _age(latest: "Latest") -> float | None:
    """How many seconds ago the last event was recorded, as far as is known."""
    last = latest.pulse.last_recorded_at if latest.pulse else None
    return None if last is None else round(max(0.0, (datetime.now(UTC) - last).total_seconds()), 1)


def _aged(age: float | None) -> str:
    if age is None:
        return ""
    minutes, seconds = divmod(int(age), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    shown = [f"{number} {unit}" for number, unit in parts if number] or ["0 s"]
    return f"The last event was recorded {' '.join(shown[:2])} ago."


def _live(said: str) -> None:
    """Puts this in the place of the terminal's last line; where nobody looks on, nothing."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{said}", nl=False, err=True)


def _show(kpis: "Mapping[str, Kpi]", values: "list[KpiValue]", by: str, age: float | None) -> None:
    order = {name: number for number, name in enumerate(kpis)}
    rows = [_row(kpis[value.kpi], value) for value in sorted(values, key=lambda v: (order[v.kpi], v.group, v.standing))]
    columns = [column for column in _COLUMNS if column.field != "group" or by == "unit"]
    notes = [] if rows else ["Nothing is published of that yet."]
    notes += [_aged(age)] if age is not None else []
    output.table("KPIs now; each change follows, Ctrl-C ends it", columns, rows, notes)


def _row(kpi: "Kpi", value: "KpiValue") -> dict[str, Any]:
    from services.shown import number_of

    return {
        "title": kpi.title,
        "group": value.group,
        "standing": value.standing,
        "value": _text(kpi, value),
        "of": number_of(value.numerator, value.denominator) if kpi.aggregator == "ratio-of-sums" else "",
        "n": value.n,
    }


def _text(kpi: "Kpi", value: "KpiValue") -> str:
    from services.shown import value_text

    return value.error or value_text(kpi, value.value, value.n, value.currency)


def _say(settings: Settings, kpis: "Mapping[str, Kpi]", changes: "Changes") -> None:
    from services.shown import number_of

    for before, now in changes:
        kpi = kpis[now.kpi]
        at = output.local(now.computed_at, settings.zone)
        place = " ".join(filter(None, (kpi.title, now.group, "" if now.standing == "governed" else now.standing)))
        was = _text(kpi, before) if before else "nothing"
        of = f" ({number_of(now.numerator, now.denominator)})" if kpi.aggregator == "ratio-of-sums" else ""
        shown = click.style(_text(kpi, now), bold=True)
        click.echo(output.printable(f"{at:%H:%M:%S}  {place}: {was} -> ") + f"{shown}{of}")


def _stale(latest: "Latest", was_stale: bool, began: datetime, pulses: bool) -> bool:
    """Says once when the publisher falls silent, and when it is back; whether it is silent now."""
    if latest.pulse is None and not pulses:
        return False
    age = (datetime.now(UTC) - (latest.pulse.at if latest.pulse else began)).total_seconds()
    if age > _STALE_S and not was_stale:
        click.echo(f"Nobody has published for {age:.0f} s: these values may be old; is a worker running?", err=True)
    elif age <= _STALE_S and was_stale:
        click.echo("Published again.", err=True)
    return age > _STALE_S
