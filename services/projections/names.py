"""The names of the KPIs, told fast: no file is parsed and no engine started."""

from pathlib import Path

FOLDER = Path(__file__).parent / "kpis"


def kpi_names(own: Path) -> list[str]:
    """The names of the shipped KPIs and of those in the folder `own`, which need not exist, from their files' names."""
    return sorted(file.stem.replace("_", "-") for folder in (FOLDER, own) for file in folder.glob("*.sql"))
