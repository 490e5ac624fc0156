"""The commands of the guides: where the shell finds them, and how a guide's blocks are split into commands."""

import os
import re
import shutil
import stat
import sys
import textwrap
from pathlib import Path

CURL = '''#!{python}
"""Stands in for curl where there is none: the options that the guides use."""
import sys, httpx
arguments, method, headers, body, out, dumped, fails = sys.argv[1:], None, {{}}, None, None, None, False
url = ""
while arguments:
    word = arguments.pop(0)
    if word == "-X": method = arguments.pop(0)
    elif word == "-H":
        name, _, value = arguments.pop(0).partition(": "); headers[name] = value
    elif word == "-d": body = arguments.pop(0)
    elif word == "-o": out = arguments.pop(0)
    elif word == "-D": dumped = arguments.pop(0)
    elif word.startswith("-"): fails = fails or "f" in word
    else: url = word
answer = httpx.request(method or ("GET" if body is None else "POST"), url, headers=headers, content=body, timeout=30)
if fails and answer.is_error: sys.exit(f"curl: {{answer.status_code}}")
if dumped: sys.stdout.write("".join(f"{{name}}: {{value}}\\n" for name, value in answer.headers.items()) + "\\n")
open(out, "wb").write(answer.content) if out else sys.stdout.write(answer.text)
'''


def provide_curl(folder: Path) -> None:
    """Writes a stand-in for curl into the folder where this machine has none."""
    if shutil.which("curl") is None:
        write_program(folder / "curl", CURL.format(python=sys.executable))


def write_program(path: Path, text: str) -> None:
    """Writes an executable file."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def search_path(*folders: Path) -> str:
    """The folders in front of this process's PATH."""
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])


def blocks(guide: Path, language: str) -> list[str]:
    """The code blocks of a language, without the indentation of a list."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", guide.read_text(), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def commands(guide: Path) -> list[str]:
    """The commands of the `console` blocks. A backslash at the end of a line continues a command."""
    joined = "\n".join(blocks(guide, "console")).replace("\\\n", "")
    return [line.strip() for line in joined.splitlines() if line.strip()]
