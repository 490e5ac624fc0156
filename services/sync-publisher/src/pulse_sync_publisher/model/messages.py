"""Builds the messages to a collector: sealed for it alone, and signed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pulse_contracts.mirror import MAX_PARTS, MIRROR_TYPE, MirrorEnvelope, MirrorMessage
from pulse_jose import MessageSigner, SealingKey, SigningKey, seal
from pulse_sync_publisher.model.progress import Progress, snapshot_id
from pulse_sync_publisher.model.records import Cut


class TooManyAccounts(Exception):  # a limit of the protocol, far above what a collector can have
    """The snapshot needs more parts than the protocol allows."""


@dataclass(frozen=True)
class Beat:
    """The content of a heartbeat. `audit`: number of the newest stored entry of the collector's audit trail."""

    n: int
    set: str
    audit: int
    nonce: str | None = None


class MessageMaker:
    """Makes signed messages. `clock` in microseconds since 1970."""

    def __init__(self, key: SigningKey, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._signer = MessageSigner(key, MIRROR_TYPE, self._seconds)

    def delta(self, progress: Progress, key: SealingKey, content: Cut) -> MirrorMessage:
        """The changes in (`acked`, `content.seq`]."""
        envelope = self._envelope(progress, "delta", content.seq, base=progress.acked)
        return self._sealed(envelope, key, content.payload)

    def snapshot(
        self, progress: Progress, key: SealingKey, contents: Sequence[Cut], asof: int, set_: str
    ) -> Iterator[MirrorMessage]:
        """The parts of the whole set at `progress.seq`. Raises TooManyAccounts."""
        parts = list(contents) or [Cut(b'{"records":[]}', 0, 0)]
        if len(parts) > MAX_PARTS:
            raise TooManyAccounts(f"{progress.device}: the snapshot needs {len(parts)} parts")
        sid = snapshot_id(progress, asof, set_, len(parts))
        for k, content in enumerate(parts):
            envelope = self._envelope(
                progress, "snapshot", progress.seq, asof=asof, set=set_, sid=sid, k=k, of=len(parts)
            )
            yield self._sealed(envelope, key, content.payload)

    def heartbeat(self, progress: Progress, beat: Beat) -> MirrorMessage:
        """Says what the set is, and answers a nonce."""
        fields = {"n": beat.n, "set": beat.set, "audit": beat.audit, "nonce": beat.nonce}
        return self._signed(self._envelope(progress, "heartbeat", progress.seq, **fields))

    def rekey(self, progress: Progress, public_key: str) -> MirrorMessage:
        """Introduces the key `progress.next_key`. `public_key`: base64url."""
        number = progress.key if progress.next_key is None else progress.next_key
        return self._signed(self._envelope(progress, "rekey", progress.seq, key=number, public_key=public_key))

    def wipe(self, progress: Progress) -> MirrorMessage:
        """Deletes the mirror of the enrolment `progress.wiped_gen`."""
        return self._signed(self._envelope(progress, "wipe", progress.seq, gen=progress.wiped_gen))

    def _envelope(self, progress: Progress, kind: str, seq: int, **fields: object) -> dict[str, object]:
        return {
            "to": progress.device,
            "gen": progress.gen,
            "key": progress.key,
            "kind": kind,
            "seq": seq,
            "t": self._clock(),
            **{name: value for name, value in fields.items() if value is not None},
        }

    def _sealed(self, fields: dict[str, object], key: SealingKey, payload: bytes) -> MirrorMessage:
        bare = MirrorEnvelope.model_construct(**fields)  # type: ignore[arg-type]  # checked by `_signed`
        return self._signed({**fields, "sealed": seal(payload, key, self._seconds, bare.seal_context())})

    def _signed(self, fields: dict[str, object]) -> MirrorMessage:
        envelope = MirrorEnvelope.model_validate(fields)
        return MirrorMessage(signed=self._signer.sign(envelope.model_dump_json(exclude_none=True).encode()))

    def _seconds(self) -> float:
        return self._clock() / 1_000_000
