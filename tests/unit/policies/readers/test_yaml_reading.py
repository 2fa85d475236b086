from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import InputError
from policies.readers.manifests import read_yaml
from policies.readers.yaml_values import Loader

WORDS = st.one_of(
    st.sampled_from(
        ["yes", "off", "~", "null", "0x1f", "0o17", "017", "1e3", ".inf", "1_000", "2026-01-01", "=", "12:30"]
    ),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "Z")), max_size=8),
)
DOCUMENTS = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc&<", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def _read(text: str) -> list[Any]:
    return [document for _, document in read_yaml(text.encode(), "file.yaml")]


def _as_pyyaml_does(text: str) -> list[Any]:
    return [it for it in yaml.load_all(text, Loader=Loader) if it is not None]


@given(DOCUMENTS)
@settings(max_examples=40, deadline=None)
def test_what_is_read_is_what_pyyaml_reads(document: Any):
    text = yaml.safe_dump(document, allow_unicode=True)
    assert [it for it in _read(text) if it is not None] == _as_pyyaml_does(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: yes\nb: 'yes'\nc: !!str yes\nd: !!int '7'\n",
        "1: a\ntrue: b\nnull: c\n1.5: d\n",
        "a: [1, 0x1f, 1e3, ~, .inf, 017]\n",
        "a: &x {b: 1}\nc: *x\n",
        "base: &b {k: 1}\nmore: {<<: *b, l: 2}\n",
        "a: !!binary aGVsbG8=\nb: !!set {x, y}\nc: !!omap [{p: 1}]\n",
        "? [a, b]\n: c\n",
        "--- 1\n--- a\n---\n- b\n",
        "a: ! b\n! c: d\n",
        "a: <\nb: '<<'\n<<: {c: 1}\n",
        "[1, [2, {a: b}], []]\n",
        "a: *nobody\n",
        "a: &x 1\nb: &x 2\n",
        "a:\r\n  - b\r\n",
        "\ufeffa: b\n",
        "",
        "# nothing\n",
        "%YAML 1.1\n---\na: 1\n...\n---\nb: 2\n",
        "{a: 1, a: 2}\n",
        "a: 0b_\n",
        "a: |\n  text\n   more\nb: >-\n  folded\n  text\n",
    ],
)
def test_unusual_yaml_is_read_as_pyyaml_reads_it(text: str):
    try:
        expected = _as_pyyaml_does(text)
    except (yaml.YAMLError, ValueError):
        with pytest.raises(InputError, match=r"file\.yaml:"):
            _read(text)
    else:
        assert _read(text) == expected


def test_a_word_means_the_same_however_often_it_was_read():
    for _ in range(2):
        assert _read("a: yes\nb: 'yes'\nc: 010\nd: '010'\n") == [{"a": True, "b": "yes", "c": 8, "d": "010"}]


def test_a_tag_that_nobody_knows_is_named_with_its_line():
    with pytest.raises(InputError, match=r"file\.yaml:2: is not YAML: could not determine a constructor"):
        _read("a: 1\nb: !Ref c\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_of_yaml_is_read(encoding: str):
    for text in ("a: é\n", "a: &x é\nb: *x\n", "a: {b: 1}\nc: {<<: {d: 2}}\n"):
        [(_, document)] = read_yaml(text.encode(encoding), "file.yaml")
        assert document == yaml.safe_load(text)


@pytest.mark.parametrize("deep", ["a: " + "[" * 300 + "]" * 300, "{a: " * 301 + "1" + "}" * 301, "- " * 301 + "a"])
def test_what_is_nested_too_deeply_is_refused_with_its_line(deep: str):
    for text in (f"# a comment\n{deep}", f"# a comment\n{deep}\n--- &anchor a\n"):
        with pytest.raises(InputError, match=r"^file\.yaml:2: is nested more than 300 levels deep"):
            _read(text)


def test_what_is_nested_deeply_is_read():
    for text in ("[" * 300 + "]" * 300, "[" * 300 + "]" * 300 + "\n--- &anchor a\n"):
        value, depth = _read(text)[0], 0
        while value:
            value, depth = value[0], depth + 1
        assert depth == 299


def test_aliases_that_repeat_themselves_beyond_measure_are_refused():
    laughs = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(InputError, match=r"^file\.yaml:2: its aliases repeat more than 1,000,000 values"):
        _read(f"---\nl0: &l0 [lol]\n{laughs}")
    merged = "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 9))
    with pytest.raises(InputError, match="its aliases repeat more than"):
        _read(f"m0: &m0 {{a: 1}}\n{merged}")


def test_aliases_that_make_a_document_too_deep_are_refused():
    steps = "".join(f"d{n}: &d{n} {{a: {{b: *d{n - 1}}}}}\n" for n in range(1, 200))
    with pytest.raises(InputError, match=r"^file\.yaml:\d+: is nested more than 300 levels deep"):
        _read(f"d0: &d0 [a]\n{steps}")


@pytest.mark.parametrize("text", ["a: &x {b: *x}\n", "a: &x [[*x]]\n", "a: &x {<<: *x}\n"])
def test_an_alias_that_stands_for_what_it_is_a_part_of_is_refused(text: str):
    with pytest.raises(InputError, match=r"^file\.yaml:2: an alias stands for something that it is a part of"):
        _read(f"---\n{text}")
