"""Plans of Microsoft Project through the program."""

from pathlib import Path

from tests.e2e.cli import Pmo

CRANE = Path(__file__).parents[2] / "docs" / "samples" / "crane.xml"


def test_a_mapping_that_is_written_records_nothing(pmo: Pmo) -> None:
    guessed = pmo.home.parent / "plans.yaml"
    said = pmo.ok("import", "msproject", str(CRANE), "--unit", "OPS", "--write-mapping", str(guessed))
    assert "Nothing was recorded." in said
    assert "unit: OPS" in guessed.read_text()
    assert pmo.data("import", "msproject", str(CRANE), "--mapping", str(guessed))["files"][0]["unchanged"] == 0
