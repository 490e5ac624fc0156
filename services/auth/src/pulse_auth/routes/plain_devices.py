"""Routes for plain devices."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field, StringConstraints

from pulse_auth.actions.enrolment import BrokerUnknown
from pulse_auth.actions.plain_devices import PlainCredentials
from pulse_auth.model.collectors import (
    PLAIN,
    Collector,
    CollectorExists,
    CollectorNameReserved,
    CollectorNotFound,
    InvalidPlainDeviceName,
    WrongCollectorKind,
    plain_device,
)
from pulse_auth.routes.collector_views import CollectorUpdate, CollectorView, tagged
from pulse_auth.routes.collectors import TAGGED, CollectorId, Common, Manager
from pulse_auth.routes.dependencies import NO_STORE, Dependencies
from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import responses

router = APIRouter(prefix="/api/collectors", tags=["collectors"], route_class=IdempotentRoute)
_CREATED: dict[int | str, dict[str, Any]] = {201: TAGGED | {"description": "Created"}}


class PlainDeviceCreate(CollectorUpdate):
    """`username`: the name of the device at the broker and the last level of its topic.

    `allow_own_form` allows other characters than a-z, 0-9 and `-` (`ESP_01`, a MAC address). The device id is then the
    user name in lower case, with `-` for all other characters. `allow_any_client_id` is for firmware that chooses its
    own MQTT client id: anybody who knows the password can then connect beside the device unnoticed, and disconnect any
    other client by its id.

    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"username": "ESP_01", "name": "Greenhouse", "allow_own_form": True}]},
    )

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    allow_own_form: Annotated[bool, Field(strict=True)] = False
    allow_any_client_id: Annotated[bool, Field(strict=True)] = False


class PlainDeviceCredentials(CollectorView):
    """Everything that the device needs to connect. `password` is only shown in this answer.

    `client_id`: the required MQTT client id, null for any. `port` accepts TLS 1.3. `tls12_port` also accepts TLS 1.2,
    null if the broker has no such port. `ca`: the authority (PEM) that the device should trust, null for a public one.

    """

    password: str
    client_id: str | None
    topic: str
    host: str
    port: int
    tls12_port: int | None
    ca: str | None


@router.post(
    f"/{PLAIN}",
    operation_id="create_plain_device",
    status_code=201,
    responses=_CREATED
    | responses(
        CollectorExists, CollectorNameReserved, InvalidPlainDeviceName, BrokerUnknown, *IDEMPOTENCY_PROBLEMS, *Common
    ),
)
async def create_plain_device(
    response: Response,
    body: PlainDeviceCreate,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> PlainDeviceCredentials:
    """Create a plain MQTT device and its broker account."""
    device = plain_device(
        body.username, allows_own_form=body.allow_own_form, has_free_client_id=body.allow_any_client_id
    )
    return _shown(response, *await deps.plain_devices.create(device, body.description(), caller))


@router.post(
    "/{id:collector}/credentials",
    operation_id="renew_plain_device_credentials",
    status_code=201,
    responses=_CREATED
    | responses(CollectorNotFound, WrongCollectorKind, BrokerUnknown, *IDEMPOTENCY_PROBLEMS, *Common),
)
async def renew_credentials(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> PlainDeviceCredentials:
    """Set a new password for a plain device. The old one becomes invalid at once."""
    return _shown(response, *await deps.plain_devices.renew(id, caller))


def _shown(response: Response, collector: Collector, credentials: PlainCredentials) -> PlainDeviceCredentials:
    response.headers.update(NO_STORE)
    return PlainDeviceCredentials(
        **tagged(response, collector).model_dump(),
        password=credentials.password,
        client_id=credentials.client_id,
        topic=credentials.topic,
        host=credentials.host,
        port=credentials.port,
        tls12_port=credentials.tls12_port,
        ca=credentials.ca,
    )
