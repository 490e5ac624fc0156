"""What the audit trail records about share links."""

from pulse_chassis.identity.caller import Caller
from pulse_postgres import AuditEntry
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.model.share_links import ShareLink


def link_entry(event: str, link: ShareLink, caller: Caller) -> AuditEntry:
    """An event of a link. The entry names the link and never holds its token."""
    detail: Detail = {"link": str(link.id), "name": link.name, "expires": link.expires_at.isoformat()}
    if link.embeddable:
        detail = {**detail, "embeddable": True}
    target = f"dashboard:{link.dashboard}"
    return AuditEntry(event, caller.account, target, None, detail, caller.address, caller.request_id)
