import io
from typing import Any

import fastavro
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.core.data.avro import avro_schema
from infra.core.data.compatibility import breaks
from infra.core.data.dataset import Column
from infra.core.data.subjects import subjects
from infra.stacks.files import read_catalog

CATALOG = read_catalog()
SUBJECTS = {subject.name: subject for subject in subjects(CATALOG.topics)}

TYPES = ("int32", "int64", "float32", "float64", "string", "boolean", "list<int32>", "list<int64>")
FIELDS = st.dictionaries(
    st.sampled_from(("a", "b", "c")), st.tuples(st.sampled_from(TYPES), st.booleans()), min_size=1, max_size=3
)
VALUES: dict[str, Any] = {
    "int32": 3,
    "int64": 4,
    "float32": 0.5,
    "float64": 0.25,
    "string": "x",
    "boolean": True,
    "list<int32>": [1],
    "list<int64>": [2],
}


def schema(fields: dict[str, tuple[str, bool]]) -> dict[str, Any]:
    columns = [
        Column.model_validate(
            {"name": name, "type": kind, "class": "internal", "nullable": nullable, "description": "of a test"}
        )
        for name, (kind, nullable) in fields.items()
    ]
    return avro_schema("record", "a record of a test", columns)


def readable(written: dict[str, tuple[str, bool]], writer: dict[str, Any], reader: dict[str, Any]) -> bool:
    """Whether every record of the writer, with and without what may be missing, is read by the reader's schema."""
    full = {name: VALUES[kind] for name, (kind, _) in written.items()}
    empty = {name: None if nullable else VALUES[kind] for name, (kind, nullable) in written.items()}
    for record in (full, empty):
        data = io.BytesIO()
        fastavro.schemaless_writer(data, writer, record)
        data.seek(0)
        try:
            fastavro.schemaless_reader(data, writer, reader)
        except fastavro.read.SchemaResolutionError:
            return False
    return True


@pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.schema_type == "AVRO"])
def test_every_avro_schema_is_one_that_an_avro_library_accepts(name: str):
    assert fastavro.parse_schema(SUBJECTS[name].schema)


@pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if subject.schema_type == "JSON"])
def test_every_json_schema_is_one_that_a_json_schema_library_accepts(name: str):
    jsonschema.Draft202012Validator.check_schema(SUBJECTS[name].schema)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=FIELDS, new=FIELDS)
def test_what_is_called_compatible_is_what_an_avro_library_can_read(
    old: dict[str, tuple[str, bool]], new: dict[str, tuple[str, bool]]
):
    before, after = schema(old), schema(new)
    assert (not breaks(before, after, "backward")) == readable(old, before, after)
    assert (not breaks(before, after, "forward")) == readable(new, after, before)


@pytest.mark.soak
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=FIELDS, new=FIELDS)
def test_what_is_called_compatible_is_what_an_avro_library_can_read_many_times(
    old: dict[str, tuple[str, bool]], new: dict[str, tuple[str, bool]]
):
    before, after = schema(old), schema(new)
    assert (not breaks(before, after, "full")) == (readable(old, before, after) and readable(new, after, before))


def test_every_json_schema_is_one():
    topics = {name: topic.model_copy(update={"format": "json"}) for name, topic in CATALOG.topics.items()}
    for subject in subjects(topics):
        jsonschema.Draft202012Validator.check_schema(subject.schema)
