"""The event loop of the window: asyncio on Qt's loop. The only module that imports qasync."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

import qasync
from PySide6.QtWidgets import QApplication

T = TypeVar("T")


def run(application: QApplication, main: Callable[[], Coroutine[None, None, T]]) -> T:
    """Runs `main` until it returns, and Qt meanwhile. Closing the last window does not end it."""
    application.setQuitOnLastWindowClosed(False)

    def make() -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = qasync.QSelectorEventLoop(application)
        return loop

    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(main())
