"""The reference pages say what the catalogues say."""

from services.reference import FOLDER, pages


def test_the_pages_are_made_from_the_catalogues() -> None:
    differing = [name for name, text in pages().items() if (FOLDER / name).read_text() != text]
    assert not differing, "run `make reference`"
