from __future__ import annotations

import random
import sqlite3
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.record import Intent, Record
from sandbox.engine.state.store import Snapshot, StateStore
from sandbox.engine.values import Secret
from sandbox.errors import SandboxError

KEY = Fernet.generate_key()


def record(name: str, **given: object) -> Record:
    return Record(f"urn:pulumi:s::p::t::{name}", "t", custom=True, **given)  # type: ignore[arg-type]


def write(path: Path, count: int = 5) -> Snapshot:
    store = StateStore(path, SecretBox(KEY))
    for index in range(count):
        inputs = {"size": index, "password": Secret(f"secret-{index}")}
        store.conclude(record(f"r{index}", id=f"id-{index}", inputs=inputs, sequence=index))
    store.begin(Intent(record("i").urn, "create", "nonce", record("i"), record("old")))
    store.note("boot_ids", {"moto": "1"})
    store.back_up()
    found = store.load()
    store.close()
    return found


def read(path: Path) -> Snapshot:
    store = StateStore(path, SecretBox(KEY))
    try:
        return store.load()
    finally:
        store.close()


def test_what_was_written_is_read_in_the_order_of_registration(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    written = write(path)

    assert read(path) == written
    assert [item.sequence for item in written.resources.values()] == [0, 1, 2, 3, 4]
    assert written.intents[record("i").urn].replaced == record("old")
    assert read(path.with_suffix(".backup")) == written


def test_concluding_forgets_the_intent_and_condemns_what_was_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    write(path)
    store = StateStore(path, SecretBox(KEY))
    store.conclude(record("i", id="new"), former_urn=record("r0").urn, replaced=record("r0", id="id-0"))
    found = store.load()
    store.close()

    assert found.intents == {}
    assert [item.id for item in found.condemned.values()] == ["id-0"]
    assert record("r0").urn not in found.resources


def test_references_follow_a_renamed_resource(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = StateStore(path, SecretBox(KEY))
    old, new = record("old").urn, record("new").urn
    longer = f"{old}er"
    store.conclude(
        record(
            "leaf",
            parent=old,
            deleted_with=old,
            provider=f"{old}::id",
            dependencies=(old, longer),
            property_dependencies={"a": (old,), "b": (longer,)},
            inputs={"text": old},
        )
    )
    store.conclude(record("old"))
    store.conclude(record("new"), former_urn=old)
    leaf = store.load().resources[record("leaf").urn]
    store.close()

    assert (leaf.parent, leaf.deleted_with, leaf.provider) == (new, new, f"{new}::id")
    assert leaf.dependencies == (new, longer)
    assert leaf.property_dependencies == {"a": (new,), "b": (longer,)}
    assert leaf.inputs == {"text": old}


DAMAGE = {
    "a zero-length file": lambda data: b"",
    "a truncated file": lambda data: data[: len(data) // 2],
    "a file of something else": lambda data: b"resources: []\n" * 50,
    "a file of zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("backup", [True, False])
def test_a_damaged_state_is_refused_by_name_with_its_backup_and_left_as_it_is(
    tmp_path: Path, damage: object, backup: bool
) -> None:
    path = tmp_path / "s.db"
    write(path)
    if not backup:
        path.with_suffix(".backup").unlink()
    damaged = damage(path.read_bytes())  # type: ignore[operator]
    path.write_bytes(damaged)

    with pytest.raises(SandboxError) as caught:
        read(path)

    assert str(path) in str(caught.value)
    assert str(path.with_suffix(".backup")) in caught.value.fix
    assert ("is a copy of the last finished run" in caught.value.fix) == backup
    assert "nothing was changed" in caught.value.fix
    assert path.read_bytes() == damaged


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 40))
@example(seed=32, flips=7)  # text that is no longer UTF-8
def test_flipped_bytes_are_refused_or_harmless_and_never_read_as_something_else(
    tmp_path: Path, seed: int, flips: int
) -> None:
    path = tmp_path / "flipped.db"
    original = tmp_path / "original.db"
    if not original.exists():
        write(original)
    rng = random.Random(seed)
    data = bytearray(original.read_bytes())
    for _ in range(flips):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    for stale in tmp_path.glob("flipped.db*"):
        stale.unlink()
    path.write_bytes(data)

    refused: SandboxError | None = None
    found: Snapshot | None = None
    try:
        found = read(path)
    except SandboxError as error:
        refused = error
    if refused is None:
        assert found == read(original)
        return
    assert str(path) in str(refused)
    assert path.read_bytes() == bytes(data)


def test_a_row_that_does_not_match_its_digest_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    write(path)
    db = sqlite3.connect(path)
    db.execute("UPDATE resources SET body = replace(body, 'id-3', 'id-4')")
    db.commit()
    db.close()
    before = path.read_bytes()

    with pytest.raises(SandboxError, match=r"the entry urn:pulumi:s::p::t::r3 of resources is damaged"):
        read(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    write(path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 2")
    db.commit()
    db.close()

    with pytest.raises(SandboxError, match="its format is 2, this program reads format 1"):
        read(path)


def test_another_key_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    write(path)
    other = path.with_suffix(".key")
    other.write_bytes(Fernet.generate_key())
    store = StateStore(path, SecretBox.open(other))

    with pytest.raises(SandboxError, match="not encrypted with this sandbox's key") as caught:
        store.load()
    store.close()
    assert caught.value.where == str(other)


def test_a_missing_key_is_not_made_anew_where_a_state_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    write(path)

    with pytest.raises(SandboxError, match="is missing"):
        SecretBox.open(path.with_suffix(".key"))
    assert not path.with_suffix(".key").exists()


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.key"
    path.write_bytes(content)
    with pytest.raises(SandboxError, match="cannot be used") as caught:
        SecretBox.open(path)
    assert caught.value.where == str(path)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "s.key"
    sealed = SecretBox.open(path).seal(Secret({"a": [1, "x"]}))
    assert SecretBox.open(path).open_sealed(sealed) == Secret({"a": [1, "x"]})
    assert [item.name for item in tmp_path.iterdir()] == ["s.key"]


def test_a_full_disk_is_named_and_the_state_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    before = write(path)
    store = StateStore(path, SecretBox(KEY))
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for index in range(1000):
            store.conclude(record(f"big-{index}", inputs={"text": "x" * 5000}))

    with pytest.raises(SandboxError, match="full") as caught:
        fill()
    assert "free some disk space" in caught.value.fix
    assert str(path) in str(caught.value)
    store.close()
    after = read(path)
    assert {urn: item for urn, item in after.resources.items() if "big" not in urn} == before.resources


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="the state cannot be used"):
        StateStore(tmp_path / "file" / "s.db", SecretBox(KEY))


def test_two_stores_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.db"

    def fill(prefix: str) -> None:
        store = StateStore(path, SecretBox(KEY))
        for index in range(20):
            store.conclude(record(f"{prefix}{index}"))
        store.close()

    threads = [threading.Thread(target=fill, args=(prefix,)) for prefix in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(read(path).resources) == 40


def test_a_store_that_another_run_keeps_locked_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.db"
    write(path)
    store, other = StateStore(path, SecretBox(KEY)), sqlite3.connect(path, isolation_level=None)
    store._db.execute("PRAGMA busy_timeout = 1")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(SandboxError, match="locked") as caught:
        store.conclude(record("a"))
    assert "another run is writing to it" in caught.value.fix
    other.close()
    store.conclude(record("a"))
    store.close()


def test_a_session_on_a_state_of_another_key_leaves_the_file_closed_and_unchanged(tmp_path: Path) -> None:
    from tests.support.engine_harness import Harness

    path = tmp_path / "test.db"
    write(path)
    path.with_suffix(".key").write_bytes(Fernet.generate_key())
    before = path.read_bytes()

    for mode in ("plan", "apply", "destroy"):
        with pytest.raises(SandboxError, match="not encrypted with this sandbox's key"):
            Harness(tmp_path).run(mode, lambda: None)  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == ["test.backup", "test.db", "test.key"]
