"""The Python client against a running system."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pulse_client import ApiKey, Password, PulseClient, PulseError
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def administrator(system: System) -> PulseClient:
    return PulseClient(system.url, Password(system.admin["email"], system.admin["password"]))


async def test_an_account_is_created_changed_and_deleted(system: System) -> None:
    async with administrator(system) as pulse:
        email = f"client-{uuid.uuid4().hex[:8]}@example.org"
        made = await pulse.create_account(email, "Client")
        assert (made.state, made.active) == ("invited", True)
        link = await pulse.invite(made)
        assert "/set-password#" in link.link
        found = [account async for account in pulse.accounts(search=email, page=1)]
        assert [account.id for account in found] == [made.id]
        changed = await pulse.update_account(await pulse.account(made.id), name="Renamed")
        with pytest.raises(PulseError, match="precondition_failed"):
            await pulse.update_account(made, name="Too late")
        await pulse.delete_account(changed)
        with pytest.raises(PulseError, match="not_found"):
            await pulse.account(made.id)
        kinds = [record.kind async for record in pulse.audit("users", actor=str((await pulse.profile()).id))]
        assert {"account_created", "account_deleted"} <= set(kinds)


async def test_an_api_key_may_do_only_what_its_scope_allows(system: System, tmp_path: Path) -> None:
    async with administrator(system) as pulse:
        key = await pulse.create_api_key("reader", ["telemetry.read", "telemetry.export"], 1)
        async with PulseClient(system.url, ApiKey(key.key)) as reader:
            with pytest.raises(PulseError, match="forbidden"):
                [account async for account in reader.accounts()]
            end = time.monotonic() + 30
            series = await reader.series()
            while not any(one.latest for one in series) and time.monotonic() < end:
                series = await reader.series()
            one = next(one for one in series if one.latest)
            now = datetime.now(UTC) + timedelta(minutes=1)
            span = (now - timedelta(hours=1), now)
            sampled = await reader.sampled(one.id, *span)
            single = [reading async for reading in reader.readings(one.id, *span)]
            assert 0 < sampled.n <= len(single)
            assert [reading.t for reading in single] == sorted(reading.t for reading in single)
            devices = [device async for device in reader.devices()]
            assert one.device in {device.id for device in devices}
            assert (await reader.ledger(one.device)).epochs
            size = await reader.export([one.id], *span, tmp_path / "out.csv")
            assert (tmp_path / "out.csv").stat().st_size == size > 0
        await pulse.revoke_api_key(key)
        async with PulseClient(system.url, ApiKey(key.key), retry_seconds=0) as revoked:
            with pytest.raises(PulseError):
                await revoked.profile()
        assert any(session.is_current for session in await pulse.sessions())
