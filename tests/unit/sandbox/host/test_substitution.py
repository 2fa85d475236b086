import string

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.host.substitute import Places, Substitution

SERVICES = {("kafka", "streams"): "127.65.0.1", ("redis", "shop"): "127.65.0.2"}
PODS = {("kafka", "streams", "kafka-0"): "127.64.0.9"}


def lookup(name: str, namespace: str, pod: str) -> str | None:
    return PODS.get((name, namespace, pod)) if pod else SERVICES.get((name, namespace))


PLACES = Places(
    lookup=lookup,
    address={"10.96.0.5": "127.65.0.5"}.get,
    hosts={"redis.shop": "127.65.0.2", "localhost": "127.64.0.7", "127.0.0.1": "127.64.0.7"},
    near={"redis": "127.65.0.2", "redis-replica": "127.65.0.3"},
    paths={"/etc/app": "/here/conf", "/etc/app/secret": "/here/secret", "/tmp": "/here/tmp"},
)


def test_names_of_services_are_replaced_in_each_of_their_forms():
    for text, expected in (
        ("kafka.streams.svc.cluster.local:9092", "127.65.0.1:9092"),
        ("kafka.streams.svc:9092", "127.65.0.1:9092"),
        ("kafka-0.kafka.streams.svc.cluster.local:9092", "127.64.0.9:9092"),
        ("redis.shop:6379", "127.65.0.2:6379"),
        ("postgresql://me:pw@redis.shop.svc:5432/x", "postgresql://me:pw@127.65.0.2:5432/x"),
        ("http://redis/x", "http://127.65.0.2/x"),
        ("redis:6379,redis-replica:6379", "127.65.0.2:6379,127.65.0.3:6379"),
        ("1@localhost:9093", "1@127.64.0.7:9093"),
        ("10.96.0.5:53", "127.65.0.5:53"),
    ):
        assert Substitution(PLACES)(text) == expected


def test_what_only_looks_like_a_name_stays():
    for text in (
        "my-kafka.streams.svc.example.org",
        "kafka.streams.svc.cluster.local.example.org",
        "xredis.shop:1",
        "redis.shopping:1",
        "the redis cache",
        "redis=on",
        "localhost.example.org",
        "/usr/lib/redis:1",
        "10.96.0.0/16",
        "110.96.0.5",
        "10.96.0.50",
    ):
        assert Substitution(PLACES)(text) == text


def test_paths_follow_the_longest_mount_and_only_whole_names_count():
    for text, expected in (
        ("/etc/app/a.conf", "/here/conf/a.conf"),
        ("/etc/app/secret/key", "/here/secret/key"),
        ("file:///etc/app/a", "file:///here/conf/a"),
        ("sqlite:////tmp/x.db", "sqlite:////here/tmp/x.db"),
        ("-Dx=/tmp", "-Dx=/here/tmp"),
        ("/tmp.", "/here/tmp."),
    ):
        assert Substitution(PLACES)(text) == expected
    for text in ("/etc/application", "/var/tmp", "http://tmp/x", "a/tmp", "/tmp-2", "/etc/app.d"):
        assert Substitution(PLACES)(text) == text


def test_names_of_services_that_are_not_there_are_kept_and_told():
    here = Substitution(PLACES)
    assert here("http://ghost.shop.svc:1 and kafka.streams.svc") == "http://ghost.shop.svc:1 and 127.65.0.1"
    assert here.unresolved == {"ghost.shop.svc"}


NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6)
SETS = st.sets(NAMES, min_size=1, max_size=4)


@given(names=SETS, glue=st.lists(st.sampled_from([",", " ", "\n", "=", ";"]), min_size=1, max_size=6), data=st.data())
@settings(max_examples=15, deadline=None)
def test_of_names_that_hold_one_another_each_is_replaced_by_its_own_address(
    names: set[str], glue: list[str], data: st.DataObject
):
    # "a", "a-a", "a-a-a": each is a beginning of the next
    chain = sorted({"-".join([name] * count) for name in names for count in (1, 2, 3)})
    hosts = {f"{name}.space": f"127.1.0.{index}" for index, name in enumerate(chain)}
    words = data.draw(st.lists(st.sampled_from(sorted(hosts)), min_size=1, max_size=6))
    text = "".join(f"{word}:{index}{glue[index % len(glue)]}" for index, word in enumerate(words))
    expected = "".join(f"{hosts[word]}:{index}{glue[index % len(glue)]}" for index, word in enumerate(words))
    assert Substitution(Places(hosts=hosts))(text) == expected


@given(text=st.text(max_size=60))
@settings(max_examples=25, deadline=None)
def test_a_text_that_names_nothing_stays_as_it_is(text: str):
    assert Substitution(Places())(text) == text


@given(paths=st.sets(st.lists(NAMES, min_size=1, max_size=3).map(lambda each: "/" + "/".join(each)), min_size=1))
@settings(max_examples=15, deadline=None)
def test_what_was_put_in_is_never_looked_through_again(paths: set[str]):
    places = Places(paths={path: f"/pods/1{path}" for path in paths})
    for path in paths:
        assert Substitution(places)(f"{path}/file") == f"/pods/1{path}/file"
