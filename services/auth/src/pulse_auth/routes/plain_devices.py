"""HTTP to actions: plain devices get their account, topic and authority in one answer."""

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
    PlainDeviceNameUnfit,
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
    """`username` is the device's name at the broker and the last level of its topic.

    `allow_own_form` lets it be other than a-z, 0-9 and `-` (`ESP_01`, a MAC address); the device id is then the same in
    lower case, with `-` for everything else. `allow_any_client_id` is for firmware that chooses its own MQTT client id:
    whoever knows the password can then connect beside the device unnoticed, and disconnect any other client by its id.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"username": "ESP_01", "name": "Greenhouse", "allow_own_form": True}]},
    )

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    allow_own_form: Annotated[bool, Field(strict=True)] = False
    allow_any_client_id: Annotated[bool, Field(strict=True)] = False


class PlainDeviceCredentials(CollectorView):
    """Everything that the device is set up with; `password` is shown this once.

    `client_id` is the MQTT client id that it must use, null: any. `port` takes TLS 1.3; `tls12_port` also TLS 1.2, null
    where the broker has no such port. `ca` is the authority (PEM) that the device should trust, null: a public one.
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
        CollectorExists, CollectorNameReserved, PlainDeviceNameUnfit, BrokerUnknown, *IDEMPOTENCY_PROBLEMS, *Common
    ),
)
async def create_plain_device(
    response: Response,
    body: PlainDeviceCreate,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> PlainDeviceCredentials:
    """Create a plain MQTT device and its account at the broker."""
    device = plain_device(
        body.username, allows_own_form=body.allow_own_form, has_free_client_id=body.allow_any_client_id
    )
    return _shown(response, *await deps.plain_devices.create(device, body.particulars(), caller))


@router.post(
    "/{id:collector}/credentials",
    operation_id="renew_plain_device_credentials",
    status_code=201,
    responses=_CREATED
    | responses(CollectorNotFound, WrongCollectorKind, BrokerUnknown, *IDEMPOTENCY_PROBLEMS, *Common),
)
async def renew_credentials(
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> PlainDeviceCredentials:
    """Give a plain device a new password; the one before ends at once."""
    return _shown(response, *await deps.plain_devices.renew(id, caller))


def _shown(response: Response, collector: Collector, made: PlainCredentials) -> PlainDeviceCredentials:
    response.headers.update(NO_STORE)
    return PlainDeviceCredentials(
        **tagged(response, collector).model_dump(),
        password=made.password,
        client_id=made.client_id,
        topic=made.topic,
        host=made.host,
        port=made.port,
        tls12_port=made.tls12_port,
        ca=made.ca,
    )
