"""The root key pair that collectors pin at enrolment. It is created once; its private key is sealed."""

from pulse_postgres import Connection


class RootStore:
    """The table `signing_root`, which has one row."""

    async def put_first(self, connection: Connection, kid: str, public: str, private: str) -> tuple[str, str]:
        """Stores a root key unless one exists. Returns the kid and the public JWK of the stored one."""
        await connection.execute(
            "INSERT INTO signing_root (kid, public, private) VALUES ($1, $2, $3) ON CONFLICT (single) DO NOTHING",
            kid,
            public,
            private,
        )
        return await self.get(connection) or (kid, public)

    async def get(self, connection: Connection) -> tuple[str, str] | None:
        """The kid and the public JWK, or None."""
        row = await connection.fetchrow("SELECT kid, public FROM signing_root")
        return (str(row["kid"]), str(row["public"])) if row else None
