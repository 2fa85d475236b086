from pathlib import Path

import pytest

from sandbox.engine.providers.recorded.listing import RecordedType, recorded_types
from sandbox.engine.providers.recorded.outputs import resource_id


def test_every_listed_type_says_why_it_is_not_served() -> None:
    for token, recorded in recorded_types().items():
        assert token == recorded.type
        assert len(recorded.because) > 10, token


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "{schema: S, id: i, arn: a}",
            "aws:a/b:C: because missing; an entry has arn, assumed, because, id, identity, local",
        ),
        ("{schema: S, id: i, arn: a, because: b, extra: 1}", "aws:a/b:C: extra not known; an entry has"),
    ],
)
def test_an_incomplete_or_misspelt_entry_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    listing = tmp_path / "types.yaml"
    listing.write_text(f"aws:a/b:C: {entry}\n")
    with pytest.raises(ValueError, match=message):
        recorded_types(listing)


def test_an_id_is_an_output_or_made_of_inputs() -> None:
    by_output = RecordedType("t", "S", "theId", "a", "b")
    by_inputs = RecordedType("t", "S", "{cluster}:{name}", "a", "b")
    outputs = {"theId": "7", "cluster": "c", "name": "n"}
    assert resource_id(by_output, outputs) == "7"
    assert resource_id(by_inputs, outputs) == "c:n"
