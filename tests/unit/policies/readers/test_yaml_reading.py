from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import InputError
from policies.readers.manifests import _Loader, read_yaml

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
    return [it for it in yaml.load_all(text, Loader=_Loader) if it is not None]


@given(DOCUMENTS)
@settings(max_examples=60, deadline=None)
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
    ],
)
def test_unusual_yaml_is_read_as_pyyaml_reads_it(text: str):
    try:
        expected = _as_pyyaml_does(text)
    except yaml.YAMLError:
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
