from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from infra.core.catalog.catalog import Catalog, parse_catalog
from infra.core.catalog.users import acls
from infra.core.errors import ConfigurationError
from infra.stacks.files import ROOT, read_catalog

FILES = {path.name: path.read_text() for path in (ROOT / "infra/catalog").glob("*.yaml")}
CATALOG = read_catalog()


def refusal(name: str, change: Callable[[dict], object]) -> str:
    """What the catalog says after ``change`` of one of its files."""
    document = yaml.safe_load(FILES[name])
    change(document)
    with pytest.raises(ConfigurationError) as caught:
        parse_catalog(FILES | {name: yaml.safe_dump(document)})
    for problem in caught.value.problems:
        assert problem.file.startswith("infra/catalog/")
        assert problem.limit
        assert problem.fix
    return str(caught.value)


def test_the_committed_catalog_is_accepted():
    assert {"ISO_RT_LMP", "ISO_DA_LMP", "OUTAGES", "WEATHER_RT", "LOAD_FORECAST", "GENERATION_MIX"} <= set(
        CATALOG.topics
    )
    assert {"commodity-prices", "ml-predictions", "events", "metrics", "audit"} <= set(CATALOG.topics)


def test_a_topic_without_owner_is_refused():
    text = refusal("topics.yaml", lambda d: d["topics"]["OUTAGES"].pop("owner"))
    assert "infra/catalog/topics.yaml: topics.OUTAGES.owner is missing" in text


def test_a_topic_that_stands_twice_is_refused_with_its_line():
    topics = FILES["topics.yaml"] + "  OUTAGES: {}\n"
    with pytest.raises(ConfigurationError, match=r"topics\.yaml: line \d+ is OUTAGES stands twice"):
        parse_catalog(FILES | {"topics.yaml": topics})


def test_two_topics_whose_objects_would_have_one_name_are_refused():
    text = refusal("topics.yaml", lambda d: d["topics"].update({"iso-rt-lmp": d["topics"]["ISO_RT_LMP"]}))
    assert "topics.iso-rt-lmp is a second topic of one name: clashes with topic ISO_RT_LMP" in text


@pytest.mark.parametrize("hours", [0, -1, 24 * 365 * 2 + 1, "a week", 1.5, True])
def test_a_retention_out_of_bounds_is_refused(hours: object):
    text = refusal("topics.yaml", lambda d: d["topics"]["OUTAGES"].update(retentionHours=hours))
    assert "topics.OUTAGES.retentionHours" in text


def test_a_topic_that_is_deleted_must_say_when():
    text = refusal("topics.yaml", lambda d: d["topics"]["OUTAGES"].pop("retentionHours"))
    assert "must have retentionHours" in text


def test_a_compacted_topic_has_no_retention():
    text = refusal("topics.yaml", lambda d: d["topics"]["_schemas"].update(retentionHours=1))
    assert "must not have retentionHours" in text


@pytest.mark.parametrize("name", ["with space", "ä", "x" * 250])
def test_a_name_that_kafka_does_not_take_is_refused(name: str):
    text = refusal("topics.yaml", lambda d: d["topics"].update({name: d["topics"]["OUTAGES"]}))
    assert "topics." in text


def test_an_unknown_field_is_refused_with_the_one_that_was_meant():
    text = refusal("topics.yaml", lambda d: d["topics"]["OUTAGES"].update(partitons=3))
    assert "topics.OUTAGES.partitons is 3: unknown key. Did you mean partitions?" in text


def test_an_unknown_tenant_is_refused_with_the_one_that_was_meant():
    assert "Did you mean analytics?" in refusal(
        "topics.yaml", lambda d: d["topics"]["OUTAGES"].update(tenant="analytic")
    )
    users = refusal("kafka-users.yaml", lambda d: d["users"]["analytics"].update(tenant="analytic"))
    assert "users.analytics.tenant is analytic: no such tenant" in users


def test_a_user_of_a_topic_that_does_not_exist_is_refused():
    text = refusal("kafka-users.yaml", lambda d: d["users"]["forecaster"]["produces"].append("LOAD_FORCAST"))
    assert "users.forecaster.produces is LOAD_FORCAST: no such topic. Did you mean LOAD_FORECAST?" in text


def test_a_tenant_cannot_read_above_its_clearance():
    text = refusal("kafka-users.yaml", lambda d: d["users"]["external-partner"]["consumes"].append("ml-predictions"))
    assert "users.external-partner.consumes is ml-predictions: tenant external-partner may read public" in text


def test_a_dead_letter_topic_is_not_written_by_hand():
    text = refusal("topics.yaml", lambda d: d["topics"].update({"analytics.dead-letter": d["topics"]["OUTAGES"]}))
    assert "topics.analytics.dead-letter is written by hand" in text


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(name: str):
    with pytest.raises(ConfigurationError, match=f"infra/catalog/{name}: the file is missing"):
        parse_catalog({key: text for key, text in FILES.items() if key != name})


@pytest.mark.parametrize("text", ["a: [", "a: 1\n\tb: 2", "- 1", "", "3"])
def test_what_is_no_mapping_of_yaml_is_refused(text: str):
    with pytest.raises(ConfigurationError, match=r"infra/catalog/images\.yaml"):
        parse_catalog(FILES | {"images.yaml": text})


def test_an_image_by_its_latest_tag_is_refused():
    assert "images.kafka.tag" in refusal("images.yaml", lambda d: d["images"]["kafka"].update(tag="latest"))


def test_every_image_and_chart_says_where_it_was_read():
    assert all(image.source for image in CATALOG.images.values())
    assert all(chart.source.startswith("https://") for chart in CATALOG.charts.values())


def test_no_version_of_a_chart_is_a_range():
    assert "charts.strimzi.version" in refusal("charts.yaml", lambda d: d["charts"]["strimzi"].update(version=">=1.0"))


def test_every_consumer_has_a_dead_letter_topic_that_it_may_write():
    for name, user in CATALOG.users.items():
        letters = f"{name}.dead-letter"
        assert (letters in CATALOG.topics) == bool(user.consumes and user.dead_letter)
        if letters in CATALOG.topics:
            assert "Write" in next(acl.operations for acl in acls(name, user) if acl.name == letters)


def test_permissions_are_the_least_that_a_user_declares():
    for name, user in CATALOG.users.items():
        for acl in acls(name, user):
            if acl.resource == "group":
                assert (acl.name, acl.prefix, acl.operations) == (name, True, ("Read",))
            elif acl.resource == "transactional_id":
                assert (acl.name, acl.prefix, user.transactional) == (f"{name}-", True, True)
            else:
                assert ("Read" in acl.operations) == (acl.name in user.consumes)
                own = {*user.produces, f"{name}.dead-letter"}
                assert ("Write" in acl.operations) == (acl.name in own)
                assert not acl.prefix


def test_the_catalog_is_read_the_same_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    again: Catalog = read_catalog()
    assert again == CATALOG
