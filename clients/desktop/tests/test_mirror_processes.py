"""`state.db` and processes: kills, two writers at once, and the locks of one process."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

from pulse_desktop.core.mirror import audit
from pulse_desktop.core.mirror.database import FILE, Database

from .publisher import account, live
from .test_mirror_store import store

KILLED = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from pulse_desktop.core.clock import Clock
    from pulse_desktop.core.mirror.cipher import RecordCipher
    from pulse_desktop.core.mirror.database import FILE, Database
    from pulse_desktop.core.mirror.store import MirrorStore
    from pulse_contracts.mirror import MirrorRecord

    async def main():
        database = await Database.open(Path(sys.argv[1]) / FILE)
        store = MirrorStore(database, RecordCipher(bytes(32)), 1, Clock())
        await store.begin()
        for seq in range(1, 10_000):
            record = MirrorRecord(account=f"00000000-0000-4000-8000-{seq:012d}", ver=seq, src=1, state="revoked")
            await store.apply_delta(seq, [record])
            print(seq, flush=True)  # the acknowledgement

    asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603, ASYNC220
        assert process.stdout is not None
        acknowledged = 0
        while acknowledged < 25:
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
        acknowledged = int(rest[-1]) if rest else acknowledged
    async with store(tmp_path) as (opened, _):
        position = await opened.begin()
        assert position.applied >= acknowledged
        assert position.count == position.applied
        assert await opened.problems() == []


WRITER = """
    import asyncio, sys
    from pathlib import Path
    from pulse_desktop.core.mirror import audit
    from pulse_desktop.core.mirror.database import FILE, Database

    async def main():
        database = await Database.open(Path(sys.argv[1]) / FILE)
        for _ in range(50):
            async with database.transaction() as rows:
                await audit.record(rows, 1, "signed_out")
        await database.close()

    asyncio.run(main())
"""


async def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    async with store(tmp_path) as (opened, database):
        command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)]
        other = await asyncio.create_subprocess_exec(*command)
        for seq in range(1, 51):
            async with database.transaction() as rows:
                await audit.record(rows, 2, "signed_in", account(1))
            await opened.apply_delta(seq, [live(1, seq)])
        assert await other.wait() == 0
        trail = audit.AuditTrail(database)
        assert await trail.newest() == (100, 0)
        assert await trail.problems() == []


VISITOR = """
    import asyncio, sys
    from pathlib import Path
    from pulse_desktop.core.mirror.audit import AuditTrail
    from pulse_desktop.core.mirror.database import FILE, Database

    async def main():
        database = await Database.open(Path(sys.argv[1]) / FILE)
        print((await AuditTrail(database).newest())[0])
        await database.close()

    asyncio.run(main())
"""


async def test_a_second_connection_of_the_process_does_not_take_the_lock_from_the_first(tmp_path: Path) -> None:
    """Otherwise the process that closes the file next would delete the write-ahead log of this one."""

    async def visit() -> str:
        command = [sys.executable, "-c", textwrap.dedent(VISITOR), str(tmp_path)]
        other = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        out, _ = await other.communicate()
        return out.decode().strip()

    async with store(tmp_path) as (_, database):
        second = await Database.open(tmp_path / FILE)
        await second.close()
        for n in range(1, 4):
            async with database.transaction() as rows:
                await audit.record(rows, n, "signed_out")
            assert await visit() == str(n)
