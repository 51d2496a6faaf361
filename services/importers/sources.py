"""The table of the sources of `pmo import`: a new one is one row here and one module. Imports nothing heavy."""

from typing import NamedTuple


class Row(NamedTuple):
    """A source by its name, and the module that has it as `SOURCE`, loaded when it is used."""

    name: str
    title: str
    module: str


SOURCES: tuple[Row, ...] = (
    Row("jira", "Issues of Jira, from CSV or JSON.", "services.importers.jira.source"),
    Row("asana", "Tasks of Asana, from CSV or JSON.", "services.importers.asana.source"),
    Row("smartsheet", "Sheets of Smartsheet, from JSON, Excel or CSV.", "services.importers.smartsheet.source"),
    Row("monday", "Boards of monday.com, from Excel or JSON.", "services.importers.monday.source"),
)
