"""What the window needs before it starts: packages, system libraries and a display. Imports no Qt by itself."""

import ctypes
import importlib
import sys
from collections.abc import Mapping
from importlib import metadata, util

INSTALL = "pip install 'pulse-desktop[window]'"
APT_PACKAGES = (
    "libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 "
    "libxcb-shape0 libxcb-render-util0 libxcb-image0 libfontconfig1 libglib2.0-0"
)
_PACKAGES = ("PySide6", "qasync", "pyqtgraph", "numpy")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
_XCB_LIBRARIES = ("libxcb-cursor.so.0", "libxcb-icccm.so.4", "libxcb-keysyms.so.1", "libxkbcommon-x11.so.0")


def missing(environment: Mapping[str, str]) -> str | None:
    """What prevents a window, in one line with the remedy; None when nothing does. `environment`: of this process."""
    return _packages() or _libraries() or _display(environment)


def _packages() -> str | None:
    absent = [name for name in _PACKAGES if util.find_spec(name) is None]
    if absent:
        return f"the window needs {', '.join(absent)}: {INSTALL}"
    try:
        return version_problem(metadata.version("PySide6-Essentials"), sys.version_info[:2])
    except metadata.PackageNotFoundError:  # a package of the distribution, which never had the bad version
        return None


def version_problem(qt: str, python: tuple[int, int]) -> str | None:
    """PySide6 6.12.0 loses references of None before Python 3.12, which aborts the process within seconds."""
    if qt.startswith("6.12.") and python < (3, 12):
        return f"PySide6 {qt} aborts Python {python[0]}.{python[1]}: pip install 'PySide6-Essentials==6.11.3'"
    return None


def _libraries() -> str | None:
    try:
        importlib.import_module("PySide6.QtWidgets")
        importlib.import_module("PySide6.QtSvg")
    except ImportError as error:
        return library_problem(str(error))
    return None


def library_problem(error: str) -> str:
    """The text for an ImportError of Qt, such as `libEGL.so.1: cannot open shared object file`."""
    library = error.partition(":")[0]
    return f"{library} is missing: apt-get install {APT_PACKAGES}"


def _display(environment: Mapping[str, str]) -> str | None:
    if sys.platform != "linux":
        return None
    if not any(environment.get(name) for name in _DISPLAYS):
        return "no display: set DISPLAY, or QT_QPA_PLATFORM=offscreen"
    is_x11 = bool(environment.get("DISPLAY")) and not environment.get("WAYLAND_DISPLAY")
    if environment.get("QT_QPA_PLATFORM", "xcb" if is_x11 else "") != "xcb":
        return None
    for name in _XCB_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            return library_problem(name)
    return None
