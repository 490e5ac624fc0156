"""Waiting for a state instead of sleeping: bounded polls."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(
    claim: Callable[[], bool | Awaitable[bool]], *, seconds: float = 10, what: str | Callable[[], object] = ""
) -> None:
    """Returns when the claim holds. Raises AssertionError when it does not within `seconds`; `what` is then shown, or
    what it returns."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = claim()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {(what() if callable(what) else what) or claim}") from None
