"""Waits for a state with a time limit, instead of a fixed sleep."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(
    claim: Callable[[], bool | Awaitable[bool]], *, seconds: float = 30, what: str | Callable[[], object] = ""
) -> None:
    """Returns when the claim holds. Raises AssertionError when it does not hold within `seconds`. The error shows
    `what`, or the result of calling it."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                result = claim()
                if result if isinstance(result, bool) else await result:
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {(what() if callable(what) else what) or claim}") from None
