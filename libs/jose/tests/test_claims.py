"""The claims: their types, the rules, and a signer that rejects what verifiers reject."""

import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_jose import (
    Claims,
    InvalidKeyError,
    KeySet,
    Reason,
    SigningKey,
    TokenError,
    TokenRules,
    TokenVerifier,
    Validity,
)
from pulse_jose.claims import check_claims, read_claims, write_claims
from pulse_jose.compact import parse_object
from pulse_jose.signing import TokenSigner

NOW = 1_800_000_000
KEY = SigningKey.generate()
RULES = TokenRules(issuer="pulse-auth", audience="pulse")
CLAIMS = Claims(
    iss="pulse-auth",
    aud="pulse",
    sub="account-1",
    jti="token-id",
    sid="session-1",
    role="administrator",
    email="ada@example.org",
    name="Ada Löwe",
    iat=NOW - 10,
    exp=NOW + 290,
)
NAMES = [claim.name for claim in fields(Claims) if claim.name not in {"scope", "gen"}]
TEXTS = [name for name in NAMES if name not in {"iat", "exp"}]


def verify(token: str, now: float = NOW, rules: TokenRules = RULES) -> Claims:
    return TokenVerifier(KeySet([KEY.verification_key()]), rules, lambda: now).verify(token)


def reading_refusal(members: dict[str, object]) -> Reason:
    with pytest.raises(TokenError) as refused:
        read_claims(members)
    return refused.value.reason


def rule_refusal(claims: Claims, now: float = NOW) -> Reason | None:
    try:
        check_claims(claims, RULES, now)
    except TokenError as refused:
        return refused.reason
    return None


def test_the_generation_may_be_missing_and_is_kept() -> None:
    members = write_claims(replace(CLAIMS, gen=7))
    assert read_claims(members).gen == 7
    del members["gen"]
    assert read_claims(members).gen == 0


def test_a_scope_may_be_missing_and_is_kept() -> None:
    narrowed = replace(CLAIMS, scope="telemetry.read telemetry.export")
    assert read_claims(write_claims(CLAIMS)).scope is None
    assert read_claims(write_claims(narrowed)) == narrowed
    assert reading_refusal({**write_claims(CLAIMS), "scope": None}) is Reason.CLAIMS


def test_further_claims_are_ignored() -> None:
    assert read_claims({**write_claims(CLAIMS), "unknown": {"deep": [1.5, None]}}) == CLAIMS


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_claim_is_refused(name: str) -> None:
    members = write_claims(CLAIMS)
    del members[name]
    assert reading_refusal(members) is Reason.CLAIMS


@pytest.mark.parametrize("value", [None, "", 1, True, [], ["pulse"], {"a": 1}, "a" * 321, "a\0b", "a\nb", "\ud800"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_claim_that_is_not_short_printable_text_is_refused(name: str, value: object) -> None:
    assert reading_refusal({**write_claims(CLAIMS), name: value}) is Reason.CLAIMS


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "false",
        "null",
        f"{NOW}.0",
        f"{NOW}.5",
        "1.8e9",
        f'"{NOW}"',
        f"[{NOW}]",
        "{}",
        "-1",
        str(2**53),
        "9" * 400,
    ],
)
@pytest.mark.parametrize("name", ["iat", "exp", "gen"])
def test_a_number_that_is_not_a_plain_integer_is_refused(name: str, text: str) -> None:
    rest = {other: value for other, value in write_claims(CLAIMS).items() if other != name}
    payload = f'{json.dumps(rest)[:-1]}, "{name}": {text}}}'
    assert reading_refusal(parse_object(payload.encode())) is Reason.CLAIMS


def test_nbf_is_rejected() -> None:
    assert reading_refusal({**write_claims(CLAIMS), "nbf": NOW - 10}) is Reason.CLAIMS


@pytest.mark.parametrize("issuer", ["other", "pulse-auth/", "Pulse-Auth", "pulse-auth "])
def test_another_issuer_is_refused(issuer: str) -> None:
    assert rule_refusal(replace(CLAIMS, iss=issuer)) is Reason.ISSUER


@pytest.mark.parametrize("audience", ["other", "pulse2", "pul", "pulse other"])
def test_another_audience_is_refused(audience: str) -> None:
    assert rule_refusal(replace(CLAIMS, aud=audience)) is Reason.AUDIENCE


@pytest.mark.parametrize(
    ("iat", "exp", "expected"),
    [
        (NOW - 100, NOW - 29, None),
        (NOW - 100, NOW - 30, Reason.EXPIRED),
        (0, 300, Reason.EXPIRED),
        (NOW + 30, NOW + 330, None),
        (NOW + 31, NOW + 331, Reason.NOT_YET_VALID),
        (2**53 - 2, 2**53 - 1, Reason.NOT_YET_VALID),
        (NOW, NOW + 300, None),
        (NOW, NOW + 301, Reason.LIFETIME),
        (0, NOW + 1, Reason.LIFETIME),
        (NOW, NOW, Reason.LIFETIME),
        (NOW + 5, NOW, Reason.LIFETIME),
    ],
)
def test_times_are_exact_to_the_second(iat: int, exp: int, expected: Reason | None) -> None:
    assert rule_refusal(replace(CLAIMS, iat=iat, exp=exp)) is expected


def test_a_token_expires_exactly_after_its_leeway() -> None:
    assert rule_refusal(CLAIMS, now=CLAIMS.exp + 29.999) is None
    assert rule_refusal(CLAIMS, now=CLAIMS.exp + 30) is Reason.EXPIRED


PRINTABLE = st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=160)


@given(texts=st.tuples(*[PRINTABLE] * 6), lifetime=st.integers(1, 300), age=st.integers(-30, 329))
def test_any_printable_claims_survive_signing_and_verifying(texts: tuple[str, ...], lifetime: int, age: int) -> None:
    sub, jti, sid, role, email, name = texts
    claims = Claims("pulse-auth", "pulse", sub, jti, sid, role, email, name, iat=NOW - age, exp=NOW - age + lifetime)
    token = TokenSigner(KEY, RULES).sign(claims)
    if age - lifetime < 30:
        assert verify(token) == claims
    else:
        with pytest.raises(TokenError) as refused:
            verify(token)
        assert refused.value.reason is Reason.EXPIRED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": "other"}, Reason.ISSUER),
        ({"aud": "other"}, Reason.AUDIENCE),
        ({"exp": NOW + 291}, Reason.LIFETIME),
        ({"name": ""}, Reason.CLAIMS),
        ({"name": "a" * 321}, Reason.CLAIMS),
        ({"exp": float(NOW + 290)}, Reason.CLAIMS),
    ],
)
def test_the_signer_rejects_claims_that_verifiers_reject(changes: dict[str, object], expected: Reason) -> None:
    with pytest.raises(TokenError) as refused:
        TokenSigner(KEY, RULES).sign(replace(CLAIMS, **changes))  # type: ignore[arg-type] # wrong types on purpose
    assert refused.value.reason is expected


@pytest.mark.parametrize("validity", [Validity(not_before=NOW), Validity(not_after=NOW - 10)])
def test_a_key_outside_its_validity_cannot_sign(validity: Validity) -> None:
    with pytest.raises(InvalidKeyError, match="is not valid at"):
        TokenSigner(SigningKey(KEY.kid, KEY.private, validity), RULES).sign(CLAIMS)


def test_claims_that_make_a_token_too_long_are_not_signed() -> None:
    longest = "\U0001f600" * 320
    with pytest.raises(ValueError, match="the limit is 8192"):
        TokenSigner(KEY, RULES).sign(replace(CLAIMS, sub=longest, jti=longest, sid=longest, role=longest, name=longest))


def test_a_service_may_use_wider_rules() -> None:
    rules = replace(RULES, max_lifetime=timedelta(hours=1), leeway=timedelta(0))
    claims = replace(CLAIMS, iat=NOW, exp=NOW + 3_600)
    token = TokenSigner(KEY, rules).sign(claims)
    assert verify(token, NOW + 3_599, rules) == claims
    with pytest.raises(TokenError):
        verify(token, NOW, RULES)
