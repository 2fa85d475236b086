import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sandbox.deploy.compare.facts import Facts, Sides, gather, to_json
from sandbox.deploy.compare.markdown import LIMIT, Document, Section, code, fenced, sentence, visible
from sandbox.deploy.compare.rendering import Rendering
from sandbox.deploy.compare.report import to_markdown
from tests.support.renderings import MESH, finding, manifest, policy, provider, rendering, thing

HOSTILE = (
    "`</code><img src=x onerror=alert(1)>",
    "``` \n</details>\n# Approved\n",
    "a | b\n|---|---|\n| x | y |",
    "@everyone and @org/team, #1, GH-2, https://evil.example",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "\r\n\r\n- [x] reviewed\n<script>alert(1)</script>",
    "<!-- ` -->",
    "ordinary\u202eesrever\u2066\u200b",
    "\\` \\\\``",
    " `` ",
    "\ud800",
)


def tokens(text: str) -> list[Token]:
    """Every token of a document, as CommonMark with GitHub's tables reads it."""
    found: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        found += [token, *(token.children or [])]
    return found


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_one_code_span_and_nothing_else(value: str) -> None:
    inline = [token for token in tokens(f"before {code(value)} after") if token.type != "inline"]
    assert [token.type for token in inline] == ["paragraph_open", "text", "code_inline", "text", "paragraph_close"]
    assert inline[2].content.strip() == visible(value).strip()


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.sampled_from("`\\ <>&|@#*_[]()!\n\r\ta\u202e-=~"), max_size=24))
def test_any_text_stays_one_code_span(value: str) -> None:
    inline = next(token for token in tokens(f"- **x** {code(value)}: y") if token.type == "inline")
    spans = [token for token in inline.children or [] if token.type == "code_inline"]
    assert len(spans) == 1
    assert spans[0].content.strip(' "') == visible(value).strip(' "')


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(alphabet=st.sampled_from("`~ \n<>/a+-"), max_size=12), max_size=6))
def test_no_line_ends_a_code_block(lines: list[str]) -> None:
    parsed = tokens("\n".join([*fenced(lines, "diff"), "after"]))
    assert [token.type for token in parsed if token.level == 0][:2] == ["fence", "paragraph_open"]


def test_a_long_value_is_cut_and_an_empty_one_is_shown() -> None:
    assert code("x" * 500, longest=10) == "`xxxxxxx...`"
    assert (code(""), code("  ")) == ('`""`', '`"  "`')
    assert sentence(("from ", "a", " to ", "b", "")) == "from `a` to `b`"


SIDES = Sides("prod", "Add a queue", ("Add a queue",), (), "main (0123456789ab)", "commit ba9876543210")


def facts(base: Rendering, head: Rendering) -> Facts:
    return gather(SIDES, base, head)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_place_of_the_report_lets_a_hostile_value_out(value: str) -> None:
    selector = {"podSelector": {"matchLabels": {"app": value}}, "policyTypes": ["Egress"]}
    opened = selector | {
        "egress": [{"to": [{"podSelector": {"matchLabels": {value: value}}}], "ports": [{"port": value}]}]
    }
    rules = json.dumps({"tables": [{"group": value, "table": value, "privileges": ["SELECT"], "columns": []}]})
    caller = {"from": [{"source": {"principals": [value]}}]}
    acls = {
        "authorization": {
            "acls": [{"resource": {"type": "topic", "name": value}, "operations": [value], "host": value}]
        }
    }
    head = rendering(
        policy("p", opened, namespace=value),
        manifest(
            "ConfigMap", value, labels={"platform/artifact": "trino-access"}, data={"rules.json": rules, value: value}
        ),
        manifest("ConfigMap", "other", labels={"platform/artifact": value}, data={value: value}),
        manifest("AuthorizationPolicy", "a", MESH, namespace=value, spec={"action": value, "rules": [caller]}),
        manifest("PeerAuthentication", "a", MESH, namespace=value, spec={"mtls": {"mode": "DISABLE"}}),
        manifest("KafkaUser", value, "kafka.strimzi.io/v1", spec=acls),
        manifest("ResourceQuota", value, spec={"hard": {value: value}}),
        thing("random:index/randomPassword:RandomPassword", "n", {"keepers": {value: value}}),
        findings=(finding(value, f"urn:pulumi:s::p::t::{value}", path=value, message=value),),
        outputs={
            "monthlyCost": {"typical": 2, "idle": 1, "survivesDestroy": 0, "byComponent": {value: {"typical": 2}}}
        },
        rules=frozenset({value}),
        excused=frozenset({(value, value, value, value)}),
    )
    base = rendering(
        policy("p", selector, namespace=value),
        thing("random:index/randomPassword:RandomPassword", "n", {"keepers": {value: "old"}}),
        manifest("KafkaTopic", value, "kafka.strimzi.io/v1", spec={"x": value}),
        outputs={"monthlyCost": {"typical": 1, "idle": 1, "survivesDestroy": 0, "byComponent": {}}},
        findings=(finding("GONE-1", message=value),),
        rules=frozenset({"GONE-1", f"R{value}"}),
    )
    found = gather(Sides("prod", value, (value, value), (value,), value, value), base, head)
    text = to_markdown(found)
    parsed = tokens(text)
    assert not {token.type for token in parsed} & {"html_inline", "link_open", "image", "table_open", "hr"}
    blocks = [token.content.strip() for token in parsed if token.type == "html_block"]
    assert blocks == ["<details><summary>Full diff</summary>", "</details>"]
    words = " ".join(token.content for token in parsed if token.type == "text")
    for outside in ("@everyone", "evil.example", "reviewed", "Approved", "\u202e", "\u200b"):
        assert outside not in words
    headings = [text.content for text, before in zip(parsed[1:], parsed, strict=False) if before.type == "heading_open"]
    assert all(heading[0].isupper() for heading in headings[1:])


def test_what_holds_data_comes_first_with_what_goes_and_why() -> None:
    base = rendering(
        thing("aws:s3/bucket:Bucket", "lake", {"bucket": "a"}), manifest("KafkaTopic", "orders", "kafka.strimzi.io/v1")
    )
    head = rendering(thing("aws:s3/bucket:Bucket", "lake", {"bucket": "b"}))
    text = to_markdown(facts(base, head))
    assert text.startswith("### `prod`: `Add a queue`\n\n**0 created · 0 changed · 1 replaced · 1 deleted**")
    first = text.split("#### ")[1]
    assert first.startswith("Look at this first")
    assert "- **replaced**: `Bucket lake` (AWS cannot change `bucket`). With it goes its objects." in first
    assert "- **deleted**: `KafkaTopic shop/orders`. With it goes its messages." in first


def test_new_mandatory_findings_and_rules_that_are_gone_come_first_too() -> None:
    urn = "urn:pulumi:prod::shop::kubernetes:core/v1:Service::web"
    base = rendering(
        findings=(finding("NET-001", urn), finding("NET-002", urn)), rules=frozenset({"NET-001", "NET-002"})
    )
    head = rendering(
        findings=(finding("NET-002", urn), finding("NET-009", urn, mandatory=True)),
        rules=frozenset({"NET-002", "NET-009"}),
    )
    text = to_markdown(facts(base, head))
    assert "- **refused**: 1 new findings are mandatory, so a deployment stops at them." in text
    assert "- **no longer checked**: the rules `NET-001` are gone" in text
    assert "- 1 new, 1 resolved, 1 unchanged" in text
    assert "- **new** (mandatory) `NET-009`: `web` `spec`: `no` To fix it: `mend it`" in text
    assert "- **resolved** (its rule is gone) `NET-001`" in text


def test_what_is_not_known_yet_is_counted_by_rule_and_hides_nothing_mandatory() -> None:
    urns = [f"urn:pulumi:prod::shop::aws:s3/bucket:Bucket::{name}" for name in "abc"]
    open_ = [finding("AWS-001", urn, message="UNKNOWN: kmsKeyId is not known yet") for urn in urns]
    stops = finding("AWS-002", urns[0], mandatory=True, message="UNKNOWN: but it stops all the same")
    text = to_markdown(facts(rendering(), rendering(findings=(*open_, stops))))
    assert "- 1 new, 0 resolved, 0 unchanged" in text
    assert "- **not known yet**, and judged once the value is: `AWS-001` (3)" in text
    assert "**new** (mandatory) `AWS-002`" in text
    assert "**new** (advisory)" not in text


def test_nothing_differs_is_said_in_as_many_words() -> None:
    same = rendering(
        manifest("ConfigMap", "a", data={"x": "y"}),
        outputs={"monthlyCost": {"typical": 1, "idle": 1, "survivesDestroy": 0}},
    )
    text = to_markdown(facts(same, same))
    assert "**Nothing differs: both sides declare the same resources.**" in text
    assert "####" not in text
    assert "<details>" not in text


def test_a_text_of_many_lines_is_told_by_how_many_of_them_differ() -> None:
    old, new = (rendering(manifest("ConfigMap", "a", data={"f": text})) for text in ("a\nb\nc\n", "a\nB\nc\nd\n"))
    text = to_markdown(facts(old, new))
    assert "`data.f`: 2 lines added, 1 removed" in text
    assert "\n-    b\n+    B\n" in text


def test_a_large_change_keeps_to_the_size_and_says_what_was_left_out() -> None:
    many = rendering(*(manifest("ConfigMap", f"c{i:04}", data={"text": "word " * 90}) for i in range(300)))
    text = to_markdown(facts(rendering(), many))
    assert len(text) <= LIMIT
    assert "**300 created" in text
    assert "150 of 300 of 'Resources'" in text
    assert "resources of the full diff" in text
    assert "make preview STACK=prod BASE=main" in text
    assert tokens(text)[-1].type == "paragraph_close"


@pytest.mark.parametrize("limit", [2200, 3000, 5000])
def test_a_small_limit_is_kept_to_and_the_whole_stays_sound(limit: int) -> None:
    many = rendering(
        *(manifest("KafkaTopic", f"c{i:04}", "kafka.strimzi.io/v1", spec={"a": "`" * 50}) for i in range(60))
    )
    text = to_markdown(facts(many, rendering()), limit=limit)
    assert len(text) <= limit
    assert "Left out" in text
    assert text.count("<details>") == text.count("</details>")


def test_a_document_adds_all_lines_or_none() -> None:
    document = Document(limit=100, reserve=0)
    assert document.add("x" * 60)
    assert not document.add("y" * 30, "z" * 30)
    document.section(Section("Heading", []))
    assert document.text("Look there.") == "x" * 60 + "\n"


def test_the_same_facts_are_told_as_json_without_secrets() -> None:
    old, new = (rendering(manifest("Secret", "db", stringData={"password": text})) for text in ("hunter2", "hunter3"))
    document = to_json(facts(old, new))
    assert document["changeSummary"] == {"create": 0, "change": 0, "replace": 1, "delete": 0}
    assert document["resources"][0]["fields"][0] == {
        "path": "stringData.password",
        "kind": "update",
        "old": "[secret]",
        "new": "[secret]",
        "replaces": True,
    }
    assert "hunter" not in json.dumps(document)
    assert "hunter" not in to_markdown(facts(old, new))


def test_a_difference_in_cost_is_told_with_the_components_that_make_it() -> None:
    def costing(amount: float) -> Rendering:
        parts = {"broker": {"typical": amount}, "gateway": {"typical": 3}}
        return rendering(
            outputs={"monthlyCost": {"typical": amount + 3, "idle": 1.0, "survivesDestroy": 0.5, "byComponent": parts}}
        )

    text = to_markdown(facts(costing(10), costing(25.5)))
    assert "- USD a month: typical 28.50 (was 13.00, **+15.50**), idle 1.00, after `down` 0.50" in text
    assert "- `broker` +15.50" in text
    assert "gateway" not in text


def test_a_provider_that_points_elsewhere_comes_first_and_other_settings_of_it_do_not() -> None:
    old, new = (rendering(provider(context=context, enableServerSideApply="true")) for context in ("prod-1", "prod-2"))
    first = to_markdown(facts(old, new)).split("#### ")[1]
    assert first.startswith("Look at this first")
    assert "**elsewhere**: `Provider cluster` changes `context`, so all that it makes" in first
    assert to_json(facts(old, new))["elsewhere"] == [{"provider": "Provider cluster", "settings": ["context"]}]
    assert facts(rendering(provider(burst="1")), rendering(provider(burst="2"))).elsewhere == []


def test_an_exception_that_is_new_comes_first_since_what_it_excuses_shows_as_resolved() -> None:
    urn = "urn:pulumi:prod::shop::kubernetes:core/v1:Service::web"
    excused = rendering(excused=frozenset({("NET-001", "*::web", "it is old", "2030-01-01")}))
    found = facts(rendering(findings=(finding("NET-001", urn),)), excused)
    text = to_markdown(found)
    assert "- **excused**: `NET-001` no longer holds for `*::web` until `2030-01-01`: `it is old`" in text
    assert to_json(found)["policies"]["excused"] == [
        {"rule": "NET-001", "urn": "*::web", "reason": "it is old", "expires": "2030-01-01"}
    ]
    assert not facts(excused, excused).findings.excused
