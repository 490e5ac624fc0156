"""The root key pair that collectors pin at enrolment. It is created once; its private key is sealed."""

from dataclasses import dataclass, field

from pulse_postgres import Connection


@dataclass(frozen=True)
class StoredRoot:
    """`public`: a JWK. `private`: sealed."""

    kid: str
    public: str
    private: str = field(repr=False)


class RootStore:
    """The table `signing_root`, which has one row."""

    async def put_first(self, connection: Connection, root: StoredRoot) -> StoredRoot:
        """Stores a root key unless one exists. Returns the stored one."""
        await connection.execute(
            "INSERT INTO signing_root (kid, public, private) VALUES ($1, $2, $3) ON CONFLICT (single) DO NOTHING",
            root.kid,
            root.public,
            root.private,
        )
        return await self.get(connection) or root

    async def get(self, connection: Connection) -> StoredRoot | None:
        """The root key, or None."""
        row = await connection.fetchrow("SELECT kid, public, private FROM signing_root")
        return StoredRoot(row["kid"], row["public"], row["private"]) if row else None
