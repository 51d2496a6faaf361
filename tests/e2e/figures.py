"""The figures that an imported history of the first quarter of 2024 answers with."""

from typing import Any

from tests.e2e.cli import Pmo

AS_OF = ("--from", "2024-01-01", "--to", "2024-03-31", "--as-of", "2024-03-31")


def figures(pmo: Pmo, kpi: str, by: str) -> dict[str, Any]:
    """A KPI's figures of that quarter, each by its group."""
    return {each["group"]: each for each in pmo.data("kpi", kpi, "--by", by, *AS_OF)["figures"]}
