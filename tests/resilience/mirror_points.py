"""The named points at which a process of the mirror's campaign dies: before and after each commit, message and
acknowledgement. A point is `MODULE ATTRIBUTE WHEN`, see `site/sitecustomize.py`."""

from typing import Final

SERVICES: Final = {
    "users or auth: in the transaction, the event written": "pulse_postgres.outbox Outbox.put after",
    "users or auth: committed, nothing published": "pulse_postgres.outbox Relay.publish_next before",
    "auth: in the transaction, the copy written": "pulse_auth.store.sessions AccountCopy.put after",
    "sync-publisher: an account arrived": "pulse_sync_publisher.actions.accounts Accounts.apply before",
    "sync-publisher: in the transaction, the logs written": "pulse_sync_publisher.store.entries EntryStore.put after",
    "sync-publisher: committed, not acknowledged": "pulse_sync_publisher.actions.accounts Accounts.apply after",
    "sync-publisher: noted as sent, not sent": "pulse_sync_publisher.actions.sending Sender._publish before",
    "sync-publisher: sent": "pulse_sync_publisher.actions.sending Sender._publish after",
    "sync-publisher: a report arrived": "pulse_sync_publisher.actions.reports Reports.apply before",
    "sync-publisher: in the transaction, the report stored": (
        "pulse_sync_publisher.actions.reports Reports._store_outcome after"
    ),
    "sync-publisher: the report committed": "pulse_sync_publisher.actions.reports Reports.apply after",
    "sync-publisher: before a heartbeat": "pulse_sync_publisher.actions.reports Reports.beat before",
}
DELTA: Final = {
    "collector: before the commit of a delta": "pulse_desktop.core.mirror.store MirrorStore.apply_delta before",
    "collector: a delta committed, nothing else": "pulse_desktop.core.mirror.store MirrorStore.apply_delta after",
    "collector: before the keystore": "pulse_desktop.core.mirror.execution Execution.remember before",
    "collector: after the keystore": "pulse_desktop.core.mirror.execution Execution.remember after",
    "collector: before an event's commands": "pulse_desktop.core.mirror.execution Execution.handle before",
    "collector: after an event's commands": "pulse_desktop.core.mirror.execution Execution.handle after",
}
SNAPSHOT: Final = {
    "collector: a part of a snapshot stored": "pulse_desktop.core.mirror.store MirrorStore.store_part after",
    "collector: before the commit of a snapshot": "pulse_desktop.core.mirror.store MirrorStore.apply_snapshot before",
    "collector: a snapshot committed": "pulse_desktop.core.mirror.store MirrorStore.apply_snapshot after",
}
COLLECTOR: Final = {**DELTA, **SNAPSHOT}
POINTS: Final = tuple(dict.fromkeys([*SERVICES.values(), *COLLECTOR.values()]))
