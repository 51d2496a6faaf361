"""The names of the KPIs, told fast: no file is parsed and no engine started."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "kpis"


def kpi_names(own: Path) -> list[str]:
    """The names of the shipped KPIs and of those in the folder `own`, which need not exist, from their files' names."""
    return sorted(_files(own))


def _files(own: Path) -> dict[str, Path]:
    return {file.stem.replace("_", "-"): file for folder in (FOLDER, own) for file in folder.glob("*.sql")}


class KpiMeasures(Mapping[str, tuple[str, str]]):
    """By the KPIs' names, what each measures and which way is better; a file is read when it is asked for.

    Either is empty where a file of the workspace's own does not say it.
    """

    def __init__(self, own: Path) -> None:
        self._files = _files(own)

    def __getitem__(self, name: str) -> tuple[str, str]:
        text = self._files[name].read_text()
        said = dict(re.findall(r"^-- (measure|better): *(\S+)", text, re.MULTILINE))
        return said.get("measure", ""), said.get("better", "")

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
