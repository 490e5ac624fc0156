"""The migrations of `state.db`, in order. `PRAGMA user_version` counts those that are applied. Never change one that
was released: add another."""

from typing import Final

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE position (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            gen INTEGER NOT NULL,
            applied INTEGER NOT NULL DEFAULT 0,
            floor INTEGER NOT NULL DEFAULT 0,
            top INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL DEFAULT 'new',
            fresh INTEGER,
            sid TEXT NOT NULL DEFAULT '',
            count INTEGER NOT NULL DEFAULT 0,
            decoy TEXT,
            is_resync_requested INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        """CREATE TABLE record (
            account TEXT PRIMARY KEY,
            ver INTEGER NOT NULL,
            src INTEGER NOT NULL,
            state TEXT NOT NULL,
            hash TEXT NOT NULL,
            email_tag TEXT,
            verifier_hash TEXT,
            sealed TEXT
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX record_by_email ON record (email_tag) WHERE state = 'live'",
        "CREATE INDEX record_by_state ON record (state, ver)",
        """CREATE TABLE staging (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            sid TEXT NOT NULL,
            seq INTEGER NOT NULL,
            asof INTEGER NOT NULL,
            parts INTEGER NOT NULL,
            digest TEXT NOT NULL
        ) STRICT""",
        "CREATE TABLE staged_part (k INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT",
        """CREATE TABLE staged (
            account TEXT PRIMARY KEY,
            ver INTEGER NOT NULL,
            src INTEGER NOT NULL,
            state TEXT NOT NULL,
            hash TEXT NOT NULL,
            email_tag TEXT,
            verifier_hash TEXT,
            sealed TEXT
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE trusted (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            signed TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE session (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            email TEXT NOT NULL,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            how TEXT NOT NULL,
            since INTEGER NOT NULL,
            validated INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            verifier_hash TEXT
        ) STRICT""",
        """CREATE TABLE attempt (
            subject TEXT PRIMARY KEY,
            failures INTEGER NOT NULL,
            locked_until INTEGER NOT NULL,
            at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE audit (
            n INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            account TEXT,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE audit_head (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            n INTEGER NOT NULL,
            hash TEXT NOT NULL,
            covered INTEGER NOT NULL,
            suppressed INTEGER NOT NULL
        ) STRICT""",
        f"INSERT INTO audit_head VALUES (1, 0, '{'0' * 64}', 0, 0)",  # noqa: S608  # a constant
    ),
    (
        "ALTER TABLE position DROP COLUMN decoy",
        # lease: in seconds. NULL: the record was stored by an older version
        "ALTER TABLE record ADD COLUMN lease INTEGER",
        "ALTER TABLE staged ADD COLUMN lease INTEGER",
        # the e-mail tags of revoked accounts, to recognise an e-mail that another account uses later
        """CREATE TABLE former_email (
            email_tag TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            ver INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE conflict (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            account TEXT,
            other TEXT,
            decision TEXT NOT NULL,
            before INTEGER,
            after INTEGER
        ) STRICT""",
        # what a person or a command has changed at run time
        """CREATE TABLE configuration (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            command_n INTEGER NOT NULL DEFAULT 0 CHECK (command_n >= 0),
            interval REAL CHECK (interval BETWEEN 0.1 AND 3600),
            is_replay_paused INTEGER NOT NULL DEFAULT 0 CHECK (is_replay_paused IN (0, 1)),
            replay_rate REAL CHECK (replay_rate > 0 AND replay_rate <= 10000000)
        ) STRICT""",
        "INSERT INTO configuration (one) VALUES (1)",
    ),
)
