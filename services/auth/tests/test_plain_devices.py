"""Plain devices over HTTP: credentials in one answer, other forms of names, new credentials, deletion."""

from pathlib import Path

import httpx
import pytest

from pulse_auth.actions.enrolment import BrokerEndpoint

from .conftest import World
from .test_collectors import post

pytestmark = pytest.mark.servers
NEW = {"username": "esp-1", "name": "Greenhouse", "site": "North", "tags": ["plants"]}


@pytest.fixture
async def office(admin: World, tmp_path: Path) -> World:
    """An administrator, and a broker with a port for small devices."""
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----")
    where = BrokerEndpoint("mqtts://broker.example:8883", ca, "pulse/v1", True, "mqtts://broker.example:8884")
    admin.routes.plain_devices._endpoint = where
    return admin


async def create(world: World, **more: object) -> httpx.Response:
    return await post(world, "/plain-devices", NEW | more)


async def credential(world: World, name: str) -> tuple[str, bool, bool] | None:
    """Party, whether it is enabled, and whether any client id is allowed; None if the broker should not have the
    account."""
    async with world.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM broker_credential WHERE name = $1", name)
    return (row["party"], row["is_enabled"], row["has_free_client_id"]) if row and row["secret"] else None


async def test_one_answer_contains_credentials_topic_address_and_authority(office: World) -> None:
    answer = await create(office)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["id"], made["username"], made["client_id"], made["kind"]) == ("esp-1", "esp-1", "esp-1", "plain")
    assert made["topic"] == "pulse/v1/telemetry/plain/esp-1"
    assert (made["host"], made["port"], made["tls12_port"]) == ("broker.example", 8883, 8884)
    assert made["ca"] == "-----BEGIN CERTIFICATE-----"
    assert len(made["password"]) == 43
    assert answer.headers["cache-control"] == "no-store"
    assert await credential(office, "esp-1") == ("plain-device", True, False)
    shown = (await office.http.get("/api/collectors/esp-1")).json()
    assert (shown["kind"], shown["name"], "password" in shown) == ("plain", "Greenhouse", False)


@pytest.mark.parametrize(
    ("username", "id_"),
    [("ESP_01", "esp-01"), ("AA:BB:CC:00:11:22", "aa-bb-cc-00-11-22"), ("70B3D57ED0", "70b3d57ed0")],
)
async def test_another_form_of_name_must_be_allowed_and_is_kept_at_the_broker(
    office: World, username: str, id_: str
) -> None:
    refused = await create(office, username=username)
    assert (refused.status_code, refused.json()["code"]) == (422, "plain_device_name_unfit")
    assert id_ in refused.json()["detail"]
    answer = await create(office, username=username, allow_own_form=True, allow_any_client_id=True)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["id"], made["username"], made["client_id"]) == (id_, username, None)
    assert made["topic"].endswith(f"/{username}")
    assert await credential(office, username) == ("plain-device", True, True)
    same = await create(office, username=id_)
    assert (same.status_code, same.json()["code"]) == (409, "collector_exists")


@pytest.mark.parametrize(
    "username",
    ["", "a/b", "a b", "+", "#", "é", "-", "_", "a" * 65, "users", "plain-devices", "telemetry-gateway-plain"],
)
async def test_an_invalid_or_reserved_name_is_rejected(office: World, username: str) -> None:
    answer = await create(office, username=username, allow_own_form=True)
    assert answer.status_code == 422
    assert await credential(office, username) is None


async def test_new_credentials_replace_the_old_ones_and_enable_a_lost_device(office: World) -> None:
    first = (await create(office, username="ESP_01", allow_own_form=True)).json()
    second = await post(office, "/esp-01/credentials")
    assert second.status_code == 201, second.text
    assert second.json()["password"] != first["password"]
    assert second.json()["username"] == "ESP_01"
    assert (await post(office, "/esp-01/lost")).status_code == 200
    assert await credential(office, "ESP_01") is None
    assert (await post(office, "/esp-01/credentials")).json()["state"] == "enabled"
    assert await credential(office, "ESP_01") == ("plain-device", True, False)


async def test_a_device_is_disabled_enabled_and_deleted_by_its_name_at_the_broker(office: World) -> None:
    await create(office, username="ESP_01", allow_own_form=True)
    assert (await post(office, "/esp-01/disable")).json()["state"] == "disabled"
    assert await credential(office, "ESP_01") == ("plain-device", False, False)
    assert (await post(office, "/esp-01/enable")).json()["state"] == "enabled"
    tag = (await office.http.get("/api/collectors/esp-01")).headers["etag"]
    assert (await office.http.delete("/api/collectors/esp-01", headers={"if-match": tag})).status_code == 204
    assert await credential(office, "ESP_01") is None


async def test_a_request_for_the_other_kind_of_device_is_rejected(office: World) -> None:
    await create(office)
    await post(office, body={"id": "press-4", "name": "Press 4"})
    for path, body in (
        ("/esp-1/enrolment-code", None),
        ("/esp-1/rotate", {"cut_off": False}),
        ("/press-4/credentials", None),
    ):
        answer = await post(office, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "collector_kind_conflict"), path


async def test_each_change_is_audited_without_secrets(office: World) -> None:
    password = (await create(office)).json()["password"]
    await post(office, "/esp-1/credentials")
    async with office.database.connection() as connection:
        rows = await connection.fetch("SELECT kind, after FROM audit WHERE target = 'collector:esp-1' ORDER BY n")
    assert [row["kind"] for row in rows] == ["plain_device_created", "plain_device_credentials_renewed"]
    assert password not in str([dict(row) for row in rows])
