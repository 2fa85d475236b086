import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.core.content_hash import content_hash
from infra.core.names import DNS_LABEL_LENGTH, bucket_name, dns_label, service_host
from infra.stacks.files import service_tag

LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
files = st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=8)), unique_by=lambda item: item[0], max_size=5)


@given(st.lists(st.text(max_size=80), max_size=4).filter(lambda parts: re.search("[a-z0-9]", "".join(parts).lower())))
def test_every_name_is_a_dns_label_of_legal_length(parts: list[str]):
    name = dns_label(*parts)
    assert LABEL.match(name)
    assert len(name) <= DNS_LABEL_LENGTH


@given(st.text("abc-", min_size=1), st.text("abc-", min_size=1))
def test_different_names_stay_different_when_they_are_cut(one: str, other: str):
    if one.strip("-") and other.strip("-") and one != other:
        assert dns_label("a" * 80, one) != dns_label("a" * 80, other)


def test_a_name_that_fits_is_left_as_it_is():
    assert dns_label("tenant", "trading-desk") == "tenant-trading-desk"


@pytest.mark.parametrize("parts", [(), ("",), ("--", "!")])
def test_a_name_cannot_be_made_from_nothing(parts: tuple[str, ...]):
    with pytest.raises(ValueError, match="at least one letter or digit"):
        dns_label(*parts)


def test_a_bucket_carries_its_account():
    assert bucket_name("prod", "lakehouse", "111122223333") == "analytics-platform-prod-lakehouse-111122223333"


def test_a_service_has_its_full_name_inside_the_cluster():
    assert service_host("kafka", "platform-streaming") == "kafka.platform-streaming.svc.cluster.local"


@given(files, st.randoms())
def test_a_content_hash_does_not_depend_on_the_order(content: list[tuple[str, bytes]], random: object):
    shuffled = list(content)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert content_hash(content) == content_hash(shuffled)


@given(files, files)
def test_different_contents_have_different_hashes(one: list[tuple[str, bytes]], other: list[tuple[str, bytes]]):
    if sorted(one) != sorted(other):
        assert content_hash(one) != content_hash(other)


def test_moving_a_byte_from_a_path_to_its_content_changes_the_hash():
    assert content_hash([("ab", b"c")]) != content_hash([("a", b"bc")])


def test_the_tag_of_a_service_is_twelve_hex_digits():
    assert re.fullmatch("[0-9a-f]{12}", service_tag("stream_gateway"))
