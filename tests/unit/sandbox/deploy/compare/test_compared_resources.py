import pytest

from sandbox.deploy.compare.changes import compare, counts
from sandbox.deploy.compare.phrase import plain
from tests.support.renderings import manifest, provider, rendering, thing

DEPLOYMENT = "apps/v1"


def changes(old: list, new: list) -> list:
    return compare(rendering(*old).steps, rendering(*new).steps)


def deployment(replicas: int = 1, app: str = "web", **more: object):
    return manifest(
        "Deployment", "web", DEPLOYMENT, spec={"replicas": replicas, "selector": {"matchLabels": {"app": app}}}, **more
    )


def test_equal_renderings_differ_in_nothing() -> None:
    assert changes([deployment()], [deployment()]) == []


def test_a_changed_field_is_named_with_its_old_and_its_new_value() -> None:
    (change,) = changes([deployment(2)], [deployment(3)])
    assert (change.op, change.address) == ("change", "Deployment shop/web")
    assert [(field.text, field.old, field.new) for field in change.fields] == [("spec.replicas", 2, 3)]


def test_components_and_the_stack_itself_are_not_counted() -> None:
    component = thing("platform:core:Workload", "web", {"size": 1}, custom=False)
    stack = thing("pulumi:pulumi:Stack", "shop-prod", {})
    assert changes([], [component, stack]) == []


def test_an_immutable_field_replaces_the_object_and_says_so() -> None:
    (change,) = changes([deployment(app="web")], [deployment(app="shop")])
    assert change.op == "replace"
    assert [plain(reason) for reason in change.reasons] == [
        "spec.selector.matchLabels.app of a Deployment cannot be changed in place"
    ]


@pytest.mark.parametrize(("mutable", "op"), [("true", "change"), ("false", "replace")])
def test_data_of_a_config_map_changes_in_place_only_where_the_provider_says_so(mutable: str, op: str) -> None:
    cluster = provider(enableConfigMapMutable=mutable)
    old, new = (manifest("ConfigMap", "settings", data={"level": level}) for level in ("info", "debug"))
    (change,) = changes([cluster, old], [cluster, new])
    assert change.op == op


def test_what_the_api_server_refuses_is_a_replacement_though_pulumi_does_not_know() -> None:
    old, new = (manifest("PriorityClass", "high", "scheduling.k8s.io/v1", value=value) for value in (1, 2))
    (change,) = changes([old], [new])
    assert plain(change.reasons[0]) == "value of a PriorityClass is refused by the API server when it changes in place"


def test_what_aws_cannot_change_is_a_replacement_of_the_bucket_and_loses_its_objects() -> None:
    old, new = (thing("aws:s3/bucket:Bucket", "lake", {"bucket": name}) for name in ("lake-1", "lake-2"))
    (change,) = changes([old], [new])
    assert (change.op, change.loses) == ("replace", "its objects")
    assert plain(change.reasons[0]) == "AWS cannot change bucket"


def test_a_type_of_aws_that_nothing_is_known_of_is_a_change_that_says_so() -> None:
    old, new = (thing("aws:nowhere/thing:Thing", "x", {"size": size}) for size in (1, 2))
    (change,) = changes([old], [new])
    assert change.op == "change"
    assert "nothing is known here" in plain(change.reasons[0])


def test_a_random_value_is_made_anew_when_an_input_changes() -> None:
    old, new = (thing("random:index/randomPassword:RandomPassword", "db", {"length": n}) for n in (16, 32))
    (change,) = changes([old], [new])
    assert (change.op, change.loses.split(";")[0]) == ("replace", "the value that was generated")


def test_a_deleted_topic_says_what_goes_with_it_and_who_depends_on_it() -> None:
    topic = manifest("KafkaTopic", "orders", "kafka.strimzi.io/v1", spec={})
    user = manifest("KafkaUser", "shop", "kafka.strimzi.io/v1", spec={}, dependencies=[topic.urn])
    (change,) = changes([topic, user], [user])
    assert (change.op, change.loses, change.dependents) == ("delete", "its messages", 1)


def test_the_same_object_behind_another_urn_is_a_replacement_that_names_the_former_urn() -> None:
    claim = {"spec": {"accessModes": ["ReadWriteOnce"]}}
    old = manifest("PersistentVolumeClaim", "data", **claim)
    new = manifest("PersistentVolumeClaim", "data", chain="platform:core:Workload$", **claim)
    (change,) = changes([old], [new])
    assert (change.op, change.urn, change.loses) == ("replace", new.urn, "its data")
    assert plain(change.reasons[0]).startswith(f"it was {old.urn}: without an alias it is deleted")


def test_two_objects_that_could_both_be_the_former_one_are_not_paired() -> None:
    old = thing("aws:sqs/queue:Queue", "jobs", {})
    both = [thing("aws:sqs/queue:Queue", "jobs", {}, chain=f"platform:core:{kind}$") for kind in ("A", "B")]
    assert counts(changes([old], both)) == {"create": 2, "change": 0, "replace": 0, "delete": 1}


def test_data_of_a_secret_is_never_shown_even_if_the_program_did_not_mark_it() -> None:
    old, new = (manifest("Secret", "db", stringData={"password": text, "new": text}) for text in ("hunter2", "hunter3"))
    for change in [*changes([old], [new]), *changes([], [old]), *changes([old], [])]:
        assert "hunter" not in repr(change)
    (change,) = changes([old], [new])
    assert [(field.text, field.new) for field in change.fields] == [
        ("stringData.new", "[secret]"),
        ("stringData.password", "[secret]"),
    ]


def test_a_secret_value_of_aws_is_never_shown() -> None:
    old, new = (
        thing("aws:secretsmanager/secretVersion:SecretVersion", "db", {"secretString": text}) for text in ("aa", "bb")
    )
    (change,) = changes([old], [new])
    assert (change.fields[0].old, change.fields[0].new) == ("[secret]", "[secret]")
