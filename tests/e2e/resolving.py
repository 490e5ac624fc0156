"""Runs a program that finds every host name below `.test` at one address, as if a name server knew them:
`python -m tests.e2e.resolving ADDRESS MODULE [ARGUMENT …]`. The program does not know about it."""

import runpy
import socket
import sys
from typing import Any


def main() -> None:
    """Replaces the resolver, then runs the program."""
    address, module, *arguments = sys.argv[1:]
    inner = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        return inner(address if str(host).endswith(".test") else host, *args, **kwargs)

    socket.getaddrinfo = resolve
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
