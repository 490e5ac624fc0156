"""The key pair that collectors pin when they are enrolled: one, made at first use, its private half sealed."""

from pulse_postgres import Connection


class RootStore:
    """One row."""

    async def put_first(self, connection: Connection, kid: str, public: str, private: str) -> tuple[str, str]:
        """Stores a root unless there is one; returns the kid and the public JWK of the one that counts."""
        await connection.execute(
            "INSERT INTO signing_root (kid, public, private) VALUES ($1, $2, $3) ON CONFLICT (single) DO NOTHING",
            kid,
            public,
            private,
        )
        return await self.get(connection) or (kid, public)

    async def get(self, connection: Connection) -> tuple[str, str] | None:
        """The kid and the public JWK."""
        row = await connection.fetchrow("SELECT kid, public FROM signing_root")
        return (str(row["kid"]), str(row["public"])) if row else None
