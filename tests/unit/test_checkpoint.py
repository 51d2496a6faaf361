"""Signed checkpoints: written, read back, and refused however they are changed."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import BadInput, Unavailable
from services.verify.checkpoint import PublicKey, Signer, opened, read

ROOT = bytes(range(32))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("key") / "checkpoint.key", "pmo/test")


def test_it_is_read_as_it_was_signed(signer: Signer) -> None:
    signed = signer.sign(42, ROOT)
    assert opened(signed.text, signer.public, "the file") == signed
    assert signed.text.splitlines()[:3] == ["pmo/test", "42", base64.b64encode(ROOT).decode()]
    assert PublicKey.parse(str(signer.public)) == signer.public


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.key"
    first = Signer(file, "pmo/test").public
    assert Signer(file, "pmo/test").public == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    file.write_text("nothing")
    with pytest.raises(Unavailable, match="is not the key"):
        Signer(file, "pmo/test")


@given(st.data())
def test_whatever_is_changed_is_noticed(signer: Signer, data: st.DataObject) -> None:
    text = signer.sign(42, ROOT).text
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8"))
    changed = text[:at] + other + text[at + 1 :]
    if changed == text:
        return
    with pytest.raises(BadInput, match="the file"):
        opened(changed, signer.public, "the file")


@pytest.mark.parametrize("more", ["\n", " ", "more\n", "\u2014 pmo/test\n", "\u2014 witness AAAA\n"])
def test_what_is_added_is_noticed(signer: Signer, more: str) -> None:
    text = signer.sign(42, ROOT).text
    for changed in (text + more, text[:-1]):
        with pytest.raises(BadInput, match="was changed"):
            opened(changed, signer.public, "the file")


def test_every_letter_of_a_signature_counts(signer: Signer) -> None:
    text = signer.sign(42, ROOT).text
    last = text.rindex("=") - 1
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        if other != text[last]:
            with pytest.raises(BadInput, match="was changed"):
                opened(text[:last] + other + text[last + 1 :], signer.public, "the file")


def test_a_witness_may_sign_too(signer: Signer, tmp_path: Path) -> None:
    signed = signer.sign(42, ROOT)
    witness = Signer(tmp_path / "key", "witness/example").sign(42, ROOT).text.splitlines()[-1]
    assert opened(f"{signed.text}{witness}\n", signer.public, "the file").root == ROOT


def test_another_key_and_another_log_are_refused(signer: Signer, tmp_path: Path) -> None:
    signed = signer.sign(42, ROOT)
    with pytest.raises(BadInput, match="is signed by another key"):
        opened(signed.text, Signer(tmp_path / "a", "pmo/test").public, "the file")
    with pytest.raises(BadInput, match="is a checkpoint of pmo/test, not of pmo/other"):
        opened(signed.text, Signer(tmp_path / "b", "pmo/other").public, "the file")


@pytest.mark.parametrize("text", ["", "pmo/test", "pmo+00000000+AQ==", "a+b+c", "pmo/test+ee1de2c3+!!"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no public key"):
        PublicKey.parse(text)


def test_what_is_no_checkpoint_is_refused(signer: Signer, tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\xff")
    with pytest.raises(BadInput, match="no checkpoint"):
        read(file)
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "missing.txt")
    for text in ("", "pmo/test\n-1\nAAAA\n\n", f"pmo/test\n042\n{base64.b64encode(ROOT).decode()}\n\n"):
        with pytest.raises(BadInput, match="no checkpoint"):
            opened(text, signer.public, "the file")
