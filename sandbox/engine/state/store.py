"""The state file: an SQLite database that is atomic under kill -9 and refused, never overwritten, when damaged."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.record import Intent, Record
from sandbox.errors import SandboxError

_APPLICATION_ID = 0x504C4154
_FORMAT = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, body TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE resources (urn TEXT PRIMARY KEY, body TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE condemned (nonce TEXT PRIMARY KEY, body TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE intents (urn TEXT PRIMARY KEY, body TEXT NOT NULL, digest TEXT NOT NULL);
"""


@dataclass
class Snapshot:
    """All that a state holds, at one moment.

    Attributes:
        resources: records by URN, in order of registration.
        condemned: what replacements left to delete, by nonce.
        intents: operations begun and not concluded, by URN.
        meta: facts about the stack: outputs, baseline inventory, service boot ids.
    """

    resources: dict[str, Record] = field(default_factory=dict)
    condemned: dict[str, Record] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


class StateStore:
    """One stack's state on disk. Methods may be called from many threads; each is one transaction."""

    def __init__(self, path: Path, box: SecretBox) -> None:
        """Open or create the state.

        Raises:
            SandboxError: the file is damaged, of a newer format, or cannot be written.
        """
        self.path = path
        self.backup_path = path.with_suffix(".backup")
        self._box = box
        self._lock = threading.Lock()
        fresh = not path.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            if fresh:
                self._initialise()
            else:
                self._verify()
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
        except (sqlite3.Error, OSError) as error:
            raise self._refusal(error) from error

    def _initialise(self) -> None:
        with self._transaction():
            for statement in _TABLES.strip().split("\n"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {_FORMAT}")

    def _verify(self) -> None:
        if self._db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
            raise sqlite3.DatabaseError("it is not a state of this program (empty or overwritten)")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != _FORMAT:
            raise sqlite3.DatabaseError(f"its format is {version}, this program reads format {_FORMAT}")
        verdict = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    def _refusal(self, error: Exception) -> SandboxError:
        disk = "full" in str(error) or "unable to open" in str(error) or isinstance(error, OSError)
        fix = "nothing was changed; move the file away and put a good copy in its place"
        if self.backup_path.exists():
            fix += f": {self.backup_path} is a copy of the last finished run"
        if disk:
            fix = "free some disk space or make the folder writable, then run the same command again"
        return SandboxError(what=f"the state cannot be used: {error}", where=str(self.path), fix=fix)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise self._refusal(error) from error
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def load(self) -> Snapshot:
        """Read everything.

        Raises:
            SandboxError: a row does not match its digest.
        """
        rows = {table: self._rows(table) for table in ("resources", "condemned", "intents", "meta")}
        records = [Record.from_json(body) for body in rows["resources"].values()]
        records.sort(key=lambda record: record.sequence)
        return Snapshot(
            resources={record.urn: record for record in records},
            condemned={nonce: Record.from_json(body) for nonce, body in rows["condemned"].items()},
            intents={
                urn: Intent(**body | {"record": Record.from_json(body["record"])})
                for urn, body in rows["intents"].items()
            },
            meta=rows["meta"],
        )

    def _rows(self, table: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        try:
            rows = self._db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 the names are four constants
        except sqlite3.Error as error:
            raise self._refusal(error) from error
        for key, body, digest in rows:
            if _digest(key, body) != digest:
                raise self._refusal(sqlite3.DatabaseError(f"the entry {key} of {table} is damaged"))
            found[key] = self._box.open_sealed(json.loads(body))
        return found

    def begin(self, intent: Intent) -> None:
        """Note an operation before it touches anything."""
        body = {"urn": intent.urn, "kind": intent.kind, "nonce": intent.nonce, "record": intent.record.to_json()}
        with self._transaction():
            self._put("intents", intent.urn, body)

    def conclude(self, record: Record, *, former_urn: str = "") -> None:
        """Keep the result of an operation and remove its intent; a resource that was renamed leaves its old entry."""
        with self._transaction():
            self._put("resources", record.urn, record.to_json())
            self._remove("intents", record.urn)
            if former_urn and former_urn != record.urn:
                self._remove("resources", former_urn)

    def forget(self, urn: str) -> None:
        """Remove a resource that is gone, with its intent."""
        with self._transaction():
            self._remove("resources", urn)
            self._remove("intents", urn)

    def abandon(self, urn: str) -> None:
        """Remove an intent whose operation left nothing."""
        with self._transaction():
            self._remove("intents", urn)

    def condemn(self, nonce: str, record: Record) -> None:
        """Remember a replaced resource until it is deleted."""
        with self._transaction():
            self._put("condemned", nonce, record.to_json())

    def absolve(self, nonce: str) -> None:
        """Forget a condemned resource that is gone."""
        with self._transaction():
            self._remove("condemned", nonce)

    def note(self, name: str, value: Any) -> None:
        """Keep a fact about the stack."""
        with self._transaction():
            self._put("meta", name, value)

    def back_up(self) -> None:
        """Keep a copy of the state of a finished run beside it, atomically."""
        partial = self.backup_path.with_suffix(".partial")
        try:
            partial.unlink(missing_ok=True)
            with self._lock, closing(sqlite3.connect(partial)) as target:
                self._db.backup(target)
            partial.replace(self.backup_path)
        except (sqlite3.Error, OSError) as error:
            raise self._refusal(error) from error

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _put(self, table: str, key: str, value: Any) -> None:
        body = json.dumps(self._box.seal(value), sort_keys=True, separators=(",", ":"))
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", (key, body, _digest(key, body)))  # noqa: S608

    def _remove(self, table: str, key: str) -> None:
        column = {"resources": "urn", "intents": "urn", "condemned": "nonce", "meta": "name"}[table]
        self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))  # noqa: S608 as above


def _digest(key: str, body: str) -> str:
    return hashlib.sha256(f"{key}\0{body}".encode()).hexdigest()
