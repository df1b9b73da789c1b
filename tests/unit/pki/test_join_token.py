"""Join tokens: one text each, and a secret that is never shown by accident."""

from __future__ import annotations

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pextra.pki.failures import InvalidToken
from pextra.pki.join_token import JoinToken

PIN = "ab" * 32
secrets_of_tokens = st.binary(min_size=32, max_size=32)


@given(secrets_of_tokens, st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_a_token_is_read_back_as_it_was_written(secret: bytes, pin: str) -> None:
    token = JoinToken.new(pin, secret)
    assert JoinToken.parse(str(token)) == token
    assert JoinToken.parse(f"\n {token}\n") == token
    assert token.secret_hash == hashlib.sha256(secret).hexdigest()


@given(secrets_of_tokens, st.data())
def test_each_token_has_one_text_only(secret: bytes, data: st.DataObject) -> None:
    text = str(JoinToken.new(PIN, secret))
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.+/= é"))
    changed = text[:place] + letter + text[place + 1 :]
    try:
        other = JoinToken.parse(changed)
    except InvalidToken:
        return
    assert (other == JoinToken.new(PIN, secret)) == (changed.strip() == text)


@given(st.text(max_size=200))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        JoinToken.parse(text)


def test_the_unused_bits_of_the_last_letter_do_not_make_a_second_text() -> None:
    text = str(JoinToken.new(PIN, bytes(32)))
    assert text.startswith("pextra-join-1." + "A" * 43 + ".")
    with pytest.raises(InvalidToken):
        JoinToken.parse(text.replace("A.", "B."))


def test_new_tokens_differ() -> None:
    assert len({JoinToken.new(PIN).secret_hash for _ in range(20)}) == 20


def test_the_secret_is_neither_in_the_representation_nor_in_a_refusal() -> None:
    token = JoinToken.new(PIN)
    secret = str(token).split(".")[1]
    assert secret not in repr(token)
    assert str(token.secret) not in repr(token)
    assert PIN in repr(token)
    for broken in (f"pextra-join-2.{secret}.{PIN}", f"pextra-join-1.{secret}.{PIN[:-1]}", f"{secret}.{PIN}"):
        with pytest.raises(InvalidToken) as refusal:
            JoinToken.parse(broken)
        assert secret not in str(refusal.value)


def test_a_token_cannot_be_made_from_other_sizes() -> None:
    with pytest.raises(InvalidToken, match="32 bytes, not 31"):
        JoinToken.new(PIN, bytes(31))
    with pytest.raises(InvalidToken, match="fingerprint"):
        JoinToken.new(PIN.upper())
