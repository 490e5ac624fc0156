"""Hashes and verifies passwords with argon2id, and checks digests of other origin. No other package imports passlib."""

from pulse_passwords.digests import LOGIN_POLICY, MIRROR_POLICY, HashingPolicy, check_digest, check_verifier
from pulse_passwords.errors import (
    HashingBusy,
    HostileDigest,
    PasswordEmpty,
    PasswordNotText,
    PasswordRefused,
    PasswordTooLong,
)
from pulse_passwords.hashing import PasswordHasher, Verification
from pulse_passwords.texts import MAX_PASSWORD_BYTES, generate_password, normalise

__all__ = [
    "LOGIN_POLICY",
    "MAX_PASSWORD_BYTES",
    "MIRROR_POLICY",
    "HashingBusy",
    "HashingPolicy",
    "HostileDigest",
    "PasswordEmpty",
    "PasswordHasher",
    "PasswordNotText",
    "PasswordRefused",
    "PasswordTooLong",
    "Verification",
    "check_digest",
    "check_verifier",
    "generate_password",
    "normalise",
]
