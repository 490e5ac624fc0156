"""Verifies tokens and messages, signs messages, and seals payloads. No other package imports python-jose.

Only auth imports `pulse_jose.signing`, which signs access tokens.
"""

from pulse_jose.claims import Claims, TokenRules
from pulse_jose.envelopes import MessageSigner
from pulse_jose.errors import InvalidKeyError, Reason, TokenError
from pulse_jose.keys import (
    Clock,
    KeySet,
    SealingKey,
    SigningKey,
    Validity,
    VerificationKey,
    read_jwks,
    thumbprint,
    write_jwks,
)
from pulse_jose.sealing import MAX_PAYLOAD_BYTES, Context, seal, unseal
from pulse_jose.verifying import ACCESS_TOKEN_TYPE, MessageVerifier, TokenVerifier

__all__ = [
    "ACCESS_TOKEN_TYPE",
    "MAX_PAYLOAD_BYTES",
    "Claims",
    "Clock",
    "Context",
    "InvalidKeyError",
    "KeySet",
    "MessageSigner",
    "MessageVerifier",
    "Reason",
    "SealingKey",
    "SigningKey",
    "TokenError",
    "TokenRules",
    "TokenVerifier",
    "Validity",
    "VerificationKey",
    "read_jwks",
    "seal",
    "thumbprint",
    "unseal",
    "write_jwks",
]
