"""Health probes for servers: HTTP, and a minimal MQTT 3.1.1 client (three packets)."""

import asyncio
import contextlib
import ssl
from pathlib import Path

_SECONDS = 2.0
_CONNECT, _PINGREQ, _DISCONNECT = 0x10, b"\xc0\x00", b"\xe0\x00"
_CONNACK, _PINGRESP = 0x20, b"\xd0\x00"


_UNCHECKED = ssl._create_unverified_context()  # noqa: S323, SLF001  # a probe of a process of this machine


class MqttProbe:
    """Probes a broker over one permanent connection, so that probes do not fill the broker's log with connections."""

    def __init__(self, user: str, password: str, host: str = "127.0.0.1", ca: Path | None = None) -> None:
        self._user, self._password, self._host, self._ca = user, password, host, ca
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def answers(self, port: int) -> bool:
        """Whether the broker on this port answers within two seconds. A refused CONNECT counts as an answer. A
        certificate of another authority than `ca` does not."""
        try:
            async with asyncio.timeout(_SECONDS):
                if self._reader is None or self._writer is None:
                    return await self._connect(port)
                self._writer.write(_PINGREQ)
                await self._writer.drain()
                if await self._reader.readexactly(2) == _PINGRESP:
                    return True
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        self.close()
        return False

    async def _connect(self, port: int) -> bool:
        context = ssl.create_default_context(cafile=self._ca) if self._ca else None
        self._reader, self._writer = await asyncio.open_connection(self._host, port, ssl=context)
        self._writer.write(_connect_packet("pulse-probe", self._user, self._password))
        await self._writer.drain()
        answer = await self._reader.readexactly(4)
        if answer[3] != 0:  # refused: the broker closes the connection next
            self.close()
        return answer[0] == _CONNACK

    def close(self) -> None:
        """Closes the connection."""
        if self._writer is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write(_DISCONNECT)
                self._writer.close()
        self._reader = self._writer = None


def _connect_packet(client: str, user: str, password: str) -> bytes:
    texts = b"".join(len(raw).to_bytes(2, "big") + raw for raw in (t.encode() for t in (client, user, password)))
    body = b"\x00\x04MQTT\x04\xc2\x00\x00" + texts  # clean session, user name and password, no keep-alive
    if len(body) > 127:
        raise ValueError("the CONNECT packet is too long for a one-byte length")
    return bytes([_CONNECT, len(body)]) + body


async def http_ok(port: int, path: str, host: str = "127.0.0.1", *, is_tls: bool = False) -> bool:
    """Whether a GET request returns 200 within two seconds. The certificate is not checked: its names may be others."""
    return await _get(port, path, host, whole=False, is_tls=is_tls) is not None


async def metric(port: int, name: str) -> float | None:
    """The value of a metric without labels from `/metrics` of a service on this machine; None without an answer."""
    for line in (await _get(port, "/metrics", "127.0.0.1", whole=True) or b"").splitlines():
        if line.startswith(name.encode() + b" "):
            return float(line.rpartition(b" ")[2])
    return None


async def _get(port: int, path: str, host: str, *, whole: bool, is_tls: bool = False) -> bytes | None:
    """The response of a GET request (only its first line unless `whole`); None unless it is 200 within two seconds."""
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=_UNCHECKED if is_tls else None)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                line = await reader.readline()
                rest = await reader.read() if whole else b""
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
    return line + rest if line.split(b" ")[1:2] == [b"200"] else None
