"""The one door to python-jose: verifying tokens and messages, signing messages, sealing payloads.

`pulse_jose.signing` makes access tokens and is imported by its own name, by auth alone.
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
