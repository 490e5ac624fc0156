"""The tables `saved_object` and `saved_object_version`."""

from typing import Final
from uuid import UUID

from pulse_postgres import Connection, Database, Row
from pulse_telemetry_gateway.model.saved_objects import VERSIONS_KEPT, Draft, Kind, SavedObject, SavedVersion

_LOCK: Final = 0x73617665
"""PostgreSQL advisory lock: its holder counts objects and adds or shares one. "save" in ASCII."""
_OBJECT = "o.id, o.kind, o.owner, o.owner_name, o.created_at"
_VERSION = "v.version, v.name, v.shared, v.panels, v.updated_at, v.updated_by, v.updated_by_name"
_NEWEST = "saved_object o JOIN saved_object_version v ON v.object_id = o.id AND v.version = o.version"

ListKey = tuple[int, UUID]
"""(version, id): lists are ordered by the name that this version of the object had, without regard to case."""


class SavedObjectStore:
    """Objects of one kind."""

    def __init__(self, database: Database, kind: Kind) -> None:
        self._database, self._kind = database, kind

    async def counts(self, connection: Connection, owner: str) -> tuple[int, int]:
        """How many objects an account owns, and how many are shared. Nobody adds or shares one until the transaction
        ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, self._kind)
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM saved_object WHERE kind = $1 AND owner = $2) AS own, "
            "(SELECT count(*) FROM saved_object WHERE kind = $1 AND shared) AS shared",
            self._kind,
            owner,
        )
        return (int(row["own"]), int(row["shared"])) if row else (0, 0)

    async def add(self, connection: Connection, created: SavedObject) -> None:
        """Adds an object with its first version."""
        draft = created.newest.draft
        await connection.execute(
            "INSERT INTO saved_object (id, kind, name, shared, owner, owner_name, version, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            created.id,
            self._kind,
            draft.name,
            draft.shared,
            created.owner,
            created.owner_name,
            created.newest.number,
            created.created_at,
        )
        await self._add_version(connection, created.id, created.newest)

    async def put(self, connection: Connection, id_: UUID, version: SavedVersion) -> None:
        """Adds a version and deletes those that are too old. The caller holds the row."""
        await connection.execute(
            "UPDATE saved_object SET name = $2, shared = $3, version = $4 WHERE id = $1",
            id_,
            version.draft.name,
            version.draft.shared,
            version.number,
        )
        await self._add_version(connection, id_, version)
        await connection.execute(
            "DELETE FROM saved_object_version WHERE object_id = $1 AND version <= $2",
            id_,
            version.number - VERSIONS_KEPT,
        )

    async def delete(self, connection: Connection, id_: UUID) -> None:
        """Deletes an object with its versions."""
        await connection.execute("DELETE FROM saved_object WHERE id = $1", id_)

    async def find(self, connection: Connection, id_: UUID) -> SavedObject | None:
        """An object with its content."""
        query = f"SELECT {_OBJECT}, {_VERSION}, v.content FROM {_NEWEST} WHERE o.id = $1 AND o.kind = $2"  # noqa: S608
        row = await connection.fetchrow(query, id_, self._kind)
        return _object(row) if row else None

    async def lock(self, connection: Connection, id_: UUID) -> SavedObject | None:
        """An object with its content. Nobody changes it until the transaction ends."""
        held = await connection.fetchval("SELECT 1 FROM saved_object WHERE id = $1 FOR UPDATE", id_)
        return await self.find(connection, id_) if held else None

    async def page(
        self, account: str, after: ListKey | None, limit: int, *, with_content: bool
    ) -> list[SavedObject] | None:
        """Up to `limit` objects after a key that are shared or belong to the account, by name and id. None: the object
        of the key was deleted, or its version is not kept any more."""
        version, id_ = after or (0, UUID(int=0))
        async with self._database.snapshot() as connection:
            name = "" if after is None else await self._name(connection, id_, version, account)
            if name is None:
                return None
            rows = await connection.fetch(
                f"SELECT {_OBJECT}, {_VERSION}, CASE WHEN $6 THEN v.content ELSE '' END AS content "  # noqa: S608
                f"FROM {_NEWEST} WHERE o.kind = $1 AND (o.shared OR o.owner = $2) "
                'AND ($3 = \'\' OR (lower(o.name) COLLATE "C", o.id) > (lower($3) COLLATE "C", $4::uuid)) '
                'ORDER BY lower(o.name) COLLATE "C", o.id LIMIT $5',
                self._kind,
                account,
                name,
                id_,
                limit,
                with_content,
            )
        return [_object(row) for row in rows]

    async def _name(self, connection: Connection, id_: UUID, version: int, account: str) -> str | None:
        name: str | None = await connection.fetchval(
            "SELECT v.name FROM saved_object_version v JOIN saved_object o ON o.id = v.object_id "
            "WHERE o.id = $1 AND v.version = $2 AND o.kind = $3 AND (v.shared OR o.owner = $4)",
            id_,
            version,
            self._kind,
            account,
        )
        return name

    async def versions(self, connection: Connection, id_: UUID, *, only_shared: bool) -> list[SavedVersion]:
        """The kept versions without their content, newest first. `only_shared`: those that were shared."""
        rows = await connection.fetch(
            f"SELECT {_VERSION}, '' AS content FROM saved_object_version v "  # noqa: S608  # constant columns
            "WHERE v.object_id = $1 AND (v.shared OR NOT $2) ORDER BY v.version DESC LIMIT $3",
            id_,
            only_shared,
            VERSIONS_KEPT,
        )
        return [_version(row) for row in rows]

    async def version(self, connection: Connection, id_: UUID, number: int) -> SavedVersion | None:
        """One version with its content."""
        row = await connection.fetchrow(
            f"SELECT {_VERSION}, v.content FROM saved_object_version v WHERE v.object_id = $1 AND v.version = $2",  # noqa: S608
            id_,
            number,
        )
        return _version(row) if row else None

    async def _add_version(self, connection: Connection, id_: UUID, version: SavedVersion) -> None:
        await connection.execute(
            "INSERT INTO saved_object_version (object_id, version, name, shared, content, panels, updated_at, "
            "updated_by, updated_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            id_,
            version.number,
            version.draft.name,
            version.draft.shared,
            version.draft.content,
            version.draft.panels,
            version.updated_at,
            version.updated_by,
            version.updated_by_name,
        )


def _version(row: Row) -> SavedVersion:
    draft = Draft(row["name"], row["shared"], row["content"], row["panels"])
    return SavedVersion(row["version"], draft, row["updated_at"], row["updated_by"], row["updated_by_name"])


def _object(row: Row) -> SavedObject:
    return SavedObject(
        UUID(str(row["id"])), row["kind"], row["owner"], row["owner_name"], row["created_at"], _version(row)
    )
