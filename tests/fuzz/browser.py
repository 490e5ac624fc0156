"""A browser that sends anything: Socket.IO over a websocket, without a client library."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

_PATIENCE = 20


class Browser:
    """`values`: the values of all frames, in order. `is_over`: the gateway has closed the connection."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._next = 1_000_000
        self.values: list[Any] = []
        self.welcome, self.is_over = asyncio.Event(), asyncio.Event()

    async def read(self) -> None:
        """Receives packets until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self._wire:
                await self._take(str(text))
        self.is_over.set()
        for answer in self._answers.values():
            answer.cancel()

    async def _take(self, text: str) -> None:
        if text == "2":
            await self._wire.send("3")
        elif text.startswith("40/live,"):
            self.welcome.set()
        elif text.startswith(("42/live,", "43/live,")):
            start = text.index("[")
            number, content = text[len("42/live,") : start], json.loads(text[start:])
            if text.startswith("43"):
                answer = self._answers.get(int(number))
                if answer is not None and not answer.done():
                    answer.set_result(content[0])
            elif content[0] == "frame":
                self.values += content[1]["v"]
                await self._wire.send(f"43/live,{number}[]")

    async def ask(self, event: str, content: object) -> Any:
        """Emits an event and returns the answer."""
        self._next += 1
        return await self._answered(self._next, f"42/live,{self._next}{json.dumps([event, content])}")

    async def try_out(self, text: str, number: int | None) -> str:
        """Sends any text. With a number, an answer is required. Returns the received packets."""
        try:
            if number is None:
                await self._wire.send(text)
                return await self._goes_on()
            answer = await self._answered(number, text)
        except ConnectionClosed:
            self.is_over.set()
            return "hung up"
        except asyncio.CancelledError:
            if not self.is_over.is_set():
                raise
            return "hung up"
        except TimeoutError:
            return "no answer"
        if isinstance(answer, dict) and answer.get("ok") is False:
            return f"refused, {answer['code']}"
        return "answered"

    async def _goes_on(self) -> str:
        """Whether the socket still answers. A mutated packet may have ended the session or started a longer packet."""
        try:
            async with asyncio.timeout(1):
                await self.ask("probe", {})
        except TimeoutError:
            await self._wire.close()
            self.is_over.set()
            return "signed off"
        return "goes on"

    async def _answered(self, number: int, text: str) -> Any:
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._wire.send(text)
        if self.is_over.is_set():
            answer.cancel()
        async with asyncio.timeout(_PATIENCE):
            return await answer


@asynccontextmanager
async def opened(port: int, token: str) -> AsyncIterator[Browser]:
    """A connected browser that has signed in."""
    url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, max_size=2**24) as wire, asyncio.TaskGroup() as group:
        browser = Browser(wire)
        assert str(await wire.recv()).startswith("0")
        reading = group.create_task(browser.read())
        await wire.send("40/live," + json.dumps({"token": token}))
        async with asyncio.timeout(_PATIENCE):
            await browser.welcome.wait()
        try:
            yield browser
        finally:
            reading.cancel()
