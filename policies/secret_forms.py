"""Tells secrets by their form alone, whatever they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Form:
    """A form that secrets of one kind have.

    Attributes:
        pattern: The form; a match in which its group, if it has one, took no part is none.
        what: What it is, such as `a private key`.
        signs: Texts of which one is always part of it, so that most texts are done with after looking for these.
        drawn: Whether it is a text drawn by lot, so that one that is crossed out is none.
    """

    pattern: re.Pattern[str]
    what: str
    signs: tuple[str, ...]
    drawn: bool = False


def _token(what: str, rest: str, *prefixes: str) -> Form:
    """A token that its maker begins with a prefix, so that it can be found; all hold a digit somewhere."""
    begins = "|".join(map(re.escape, prefixes))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{begins})(?=[A-Za-z_.=~-]*[0-9]){rest}")
    return Form(pattern, what, prefixes, drawn=True)


_PHRASES: Final = (
    Form(re.compile(r"-{3,5}\s?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"), "a private key", ("PRIVATE KEY",)),
    Form(
        re.compile(r":_(?:authToken|auth|password)\s*=\s*(?!\$)[\w+/=-]{16}"),
        "a token of npm",
        (":_auth", ":_password"),
    ),
    Form(
        re.compile(r"[Bb](?:earer|EARER)\s+(?=[A-Za-z._~+/=-]{0,60}[0-9])[A-Za-z0-9._~+/=-]{8,}"),
        "a bearer token",
        ("earer ", "BEARER "),
        drawn=True,
    ),
    Form(
        re.compile(r"[Aa]uthorization[\"']?\s*[:=]\s*[\"']?[Bb]asic\s+[A-Za-z0-9+/]{8,}"),
        "a user's name with the password",
        ("asic ",),
        drawn=True,
    ),
    Form(
        re.compile(r"\bcurl\b[^\n|;]*\s(?:-u|--user)[ =]?[\"']?[^\s:\"'$<{]+:(?![$<{*])[^\s\"']{3,}"),
        "a user's name with the password",
        ("curl",),
    ),
    Form(
        re.compile(r"[a-z][a-z0-9+.-]{0,20}://[^\s:/@$]*:(?!\$|<|\*)[^\s/@\"';]+@"),
        "a password in a URL",
        ("://",),
    ),
)
"""Forms that may hold a blank, or are short."""

_TOKENS: Final = (
    Form(re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]{58}"), "a private key of age", ("AGE-SECRET-KEY-1",)),
    Form(
        re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])"),
        "an AWS access key",
        ("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
        drawn=True,
    ),
    _token("an API key of Amazon Bedrock", r"[A-Za-z0-9+/=]{100}", "ABSK"),
    _token("an Alibaba access key", r"[A-Za-z0-9]{20}", "LTAI"),
    _token(
        "an API key of a language model",
        r"[A-Za-z0-9_-]{20}",
        "sk-ant-",
        "sk-proj-",
        "sk-svcacct-",
        "sk-admin-",
        "pplx-",
    ),
    Form(re.compile(r"sk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20}"), "an OpenAI key", ("T3BlbkFJ",)),
    _token("a Hugging Face token", r"[A-Za-z0-9]{30}", "hf_"),
    _token("a GitHub token", r"[A-Za-z0-9]{36}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("a GitHub token", r"[A-Za-z0-9_]{50}", "github_pat_"),
    _token("a GitLab token", r"[A-Za-z0-9_-]{20}", "glpat-", "glrt-", "gldt-", "glptt-", "glcbt-"),
    _token("a GitLab token", r"[A-Za-z0-9_-]{20}", "glsoat-", "glimt-", "glagent-", "glft-", "GR1348941"),
    _token("a Slack token", r"[A-Za-z0-9-]{10}", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "xoxe-", "xapp-"),
    _token("a Google API key", r"[A-Za-z0-9_-]{35}", "AIza"),
    _token("a Stripe key", r"[A-Za-z0-9]{16}", "sk_live_", "rk_live_", "sk_test_", "rk_test_", "sk_prod_", "rk_prod_"),
    _token("a Square token", r"[A-Za-z0-9_-]{22}", "sq0atp-", "sq0csp-"),
    _token("a Vault token", r"[A-Za-z0-9_-]{24}", "hvs.", "hvb."),
    _token("a Pulumi token", r"[0-9a-f]{40}", "pul-"),
    _token("a Terraform token", r"[A-Za-z0-9=_-]{60}", "atlasv1."),
    _token("an npm token", r"[A-Za-z0-9]{36}", "npm_"),
    Form(re.compile(r"\b[0-9a-f]{32}-us[0-9]{1,2}\b"), "a Mailchimp key", ("-us",)),
    Form(re.compile(r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"), "a Telegram token", (":AA",)),
    Form(re.compile(r"\bSK[0-9a-f]{32}\b"), "a Twilio key", ("SK",)),
    _token("a PyPI token", r"[A-Za-z0-9_-]{16}", "pypi-AgE"),
    _token("a Docker token", r"[A-Za-z0-9_-]{20}", "dckr_pat_"),
    _token("a DigitalOcean token", r"[0-9a-f]{60}", "dop_v1_", "doo_v1_", "dor_v1_"),
    _token("a Databricks token", r"[0-9a-f]{32}", "dapi"),
    _token("a Grafana token", r"[A-Za-z0-9+/_=]{32}", "glsa_", "glc_ey"),
    _token("a New Relic key", r"[A-Z0-9]{27}", "NRAK-"),
    _token("an Atlassian token", r"[A-Za-z0-9_=-]{40}", "ATATT3"),
    _token("a 1Password token", r"[A-Za-z0-9+/=]{60}", "ops_eyJ"),
    _token("an OpenShift token", r"[A-Za-z0-9_-]{43}", "sha256~"),
    _token("a Sentry token", r"[A-Za-z0-9+/=_]{40}", "sntrys_", "sntryu_"),
    _token("a Notion or Linear token", r"[A-Za-z0-9]{40}", "ntn_", "lin_api_"),
    _token("a Shopify token", r"[0-9a-fA-F]{32}", "shpat_", "shpca_", "shppa_", "shpss_"),
    _token("a Heroku or Fly.io token", r"[A-Za-z0-9_-]{43}", "HRKU-AA", "fo1_"),
    _token("a Sourcegraph token", r"[A-Za-z0-9_]{40}", "sgp_"),
    Form(
        re.compile(r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16}"), "a SendGrid key", ("SG.",), drawn=True
    ),
    Form(
        re.compile(r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}|(?<![\w~.])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31}"),
        "a key of Azure",
        ("AccountKey=", "Q~"),
        drawn=True,
    ),
    # What is no token is matched as well, and passed over whole: to begin again at each eyJ in it would take for ever.
    Form(re.compile(r"eyJ[A-Za-z0-9_-]{16,}+(\.ey[A-Za-z0-9_-]{16,})?"), "a signed token (JWT)", ("eyJ",)),
)
"""Tokens, which hold no blank; their prefixes are those that their makers document."""

_BY_SIGN_OF_PHRASE: Final = [(sign, form) for form in _PHRASES for sign in form.signs]
_BY_PREFIX: Final = [(sign, form) for form in _TOKENS for sign in form.signs]

_SHORTEST: Final = 8
"""Fewer signs hold none of them: the shortest is a password in a URL."""

_SHORTEST_TOKEN: Final = 15

_FAKE: Final = re.compile(r"[xX]{5}|\.\.\.")


def secret_form(text: str) -> str:
    """What kind of secret a text contains by its form, such as `a private key`; empty if none is recognised."""
    if len(text) < _SHORTEST:
        return ""
    for sign, form in _BY_SIGN_OF_PHRASE:
        if sign in text and _holds(form, text):
            return form.what
    # Most words are too short for a token: to look for all the prefixes in the others alone is many times faster.
    words = "\n".join({word for word in text.split() if len(word) >= _SHORTEST_TOKEN})
    for sign, form in _BY_PREFIX if words else ():
        if sign in words and _holds(form, words):
            return form.what
    return ""


def _holds(form: Form, text: str) -> bool:
    return any(
        not (form.drawn and _FAKE.search(found[0]))
        for found in form.pattern.finditer(text)
        if not form.pattern.groups or found[1] is not None
    )
