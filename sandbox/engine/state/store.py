"""The state file: an SQLite database that is atomic under kill -9 and refused, never overwritten, when damaged."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.record import Intent, Record, refer
from sandbox.errors import SandboxError

_APPLICATION_ID = 0x504C4154
_FORMAT = 1
_COLUMNS = {"meta": "name", "resources": "urn", "condemned": "nonce", "intents": "urn"}
"""The tables and their keys; each row has a body in JSON and the digest of both."""


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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _initialise(path)
            self._verify()
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
                self._db.execute(f"PRAGMA {pragma}")
        except (sqlite3.Error, OSError, ValueError) as error:  # ValueError: text that is not UTF-8
            raise self._refusal(error) from error

    def _verify(self) -> None:
        """Look at the file through a connection that cannot write, so that a damaged one stays as it is."""
        with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
                raise sqlite3.DatabaseError("it is not a state of this program (empty or overwritten)")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != _FORMAT:
                raise sqlite3.DatabaseError(f"its format is {version}, this program reads format {_FORMAT}")
            verdict = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            for table in _COLUMNS:
                self._rows(db, table)

    def _refusal(self, error: Exception) -> SandboxError:
        text = str(error)
        if "locked" in text or "busy" in text:
            fix = "another run is writing to it; wait until that one has ended, then run the same command again"
        elif isinstance(error, OSError) or any(sign in text for sign in ("full", "unable to open", "I/O", "readonly")):
            fix = "free some disk space or make the folder writable, then run the same command again"
        elif self.backup_path.exists():
            fix = (
                "nothing was changed; move the file away and put a good copy in its place: "
                f"{self.backup_path} is a copy of the last finished run"
            )
        else:
            fix = (
                f"nothing was changed; move the file away and put a good copy in its place ({self.backup_path} is none)"
            )
        return SandboxError(what=f"the state cannot be used: {text}", where=str(self.path), fix=fix)

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
        try:
            with self._lock:
                bodies = {table: self._rows(self._db, table) for table in _COLUMNS}
        except (sqlite3.Error, ValueError) as error:
            raise self._refusal(error) from error
        rows = {table: self._opened(found) for table, found in bodies.items()}
        records = [Record.from_json(body) for body in rows["resources"].values()]
        records.sort(key=lambda record: record.sequence)
        return Snapshot(
            resources={record.urn: record for record in records},
            condemned={nonce: Record.from_json(body) for nonce, body in rows["condemned"].items()},
            intents={urn: _intent(body) for urn, body in rows["intents"].items()},
            meta=rows["meta"],
        )

    def condemned(self) -> dict[str, Record]:
        """Read what replacements left to delete, by nonce.

        Raises:
            SandboxError: a row does not match its digest.
        """
        try:
            with self._lock:
                bodies = self._rows(self._db, "condemned")
        except (sqlite3.Error, ValueError) as error:
            raise self._refusal(error) from error
        return {nonce: Record.from_json(body) for nonce, body in self._opened(bodies).items()}

    def _opened(self, bodies: dict[str, Any]) -> dict[str, Any]:
        return {key: self._box.open_sealed(body) for key, body in bodies.items()}

    @staticmethod
    def _rows(db: sqlite3.Connection, table: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, body, digest in db.execute(f"SELECT * FROM {table}"):  # noqa: S608 the names are four constants
            if _digest(key, body) != digest:
                raise sqlite3.DatabaseError(f"the entry {key} of {table} is damaged")
            found[key] = json.loads(body)
        return found

    def begin(self, intent: Intent) -> None:
        """Note an operation before it touches anything."""
        body = {
            "urn": intent.urn,
            "kind": intent.kind,
            "nonce": intent.nonce,
            "record": intent.record.to_json(),
            "replaced": intent.replaced.to_json() if intent.replaced else None,
        }
        with self._transaction():
            self._put("intents", intent.urn, body)

    def conclude(self, record: Record, *, former_urn: str = "", replaced: Record | None = None) -> None:
        """Keep the result of an operation and remove its intent, all at once.

        Args:
            record: the resource as it is now.
            former_urn: where it stood before it was renamed; its entry goes, and references to it follow.
            replaced: what it took the place of; condemned to deletion, unless it is retained.
        """
        with self._transaction():
            if former_urn and former_urn != record.urn:
                self._remove("resources", former_urn)
                self._refer(former_urn, record.urn)
            self._put("resources", record.urn, record.to_json())
            self._remove("intents", record.urn)
            if replaced is not None and not replaced.retain_on_delete:
                self._put("condemned", uuid.uuid4().hex, replaced.to_json())

    def _refer(self, former: str, urn: str) -> None:
        for table in ("resources", "condemned"):
            naming = f"SELECT {_COLUMNS[table]}, body FROM {table} WHERE instr(body, ?)"  # noqa: S608 as below
            for key, body in self._db.execute(naming, (json.dumps(former)[1:-1],)).fetchall():
                self._write(table, key, refer(json.loads(body), former, urn))

    def forget(self, urn: str) -> None:
        """Remove a resource that is gone, with its intent."""
        with self._transaction():
            self._remove("resources", urn)
            self._remove("intents", urn)

    def abandon(self, urn: str) -> None:
        """Remove an intent whose operation left nothing."""
        with self._transaction():
            self._remove("intents", urn)

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
        self._write(table, key, self._box.seal(value))

    def _write(self, table: str, key: str, sealed: Any) -> None:
        body = json.dumps(sealed, sort_keys=True, separators=(",", ":"))
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", (key, body, _digest(key, body)))  # noqa: S608 constants

    def _remove(self, table: str, key: str) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE {_COLUMNS[table]} = ?", (key,))  # noqa: S608 as above


def _initialise(path: Path) -> None:
    """Make an empty state beside its place and link it there whole: a kill leaves none or a good one."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".state-") as folder:
        fresh = Path(folder, "fresh.db")
        with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
            for table, key in _COLUMNS.items():
                db.execute(f"CREATE TABLE {table} ({key} TEXT PRIMARY KEY, body TEXT NOT NULL, digest TEXT NOT NULL)")
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {_FORMAT}")
        with suppress(FileExistsError):  # another run was faster; its state is the one to use
            os.link(fresh, path)


def _intent(body: dict[str, Any]) -> Intent:
    replaced = Record.from_json(body["replaced"]) if body["replaced"] else None
    return Intent(body["urn"], body["kind"], body["nonce"], Record.from_json(body["record"]), replaced)


def _digest(key: str, body: str) -> str:
    return hashlib.sha256(f"{key}\0{body}".encode()).hexdigest()
