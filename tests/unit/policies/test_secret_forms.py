import pytest

from policies.config_text import secret_in
from policies.personal_text import personal_number
from policies.secret_forms import secret_form

# Put together here, so that no program that looks for secrets takes this file for one.
DRAWN = "a1B2c3D4e5F6g7H8i9J0" * 6
HEX = "0123456789abcdef" * 4
TOKENS = {
    "an AWS access key": ["AK" + "IAZZZZZZZZZZZZZZZZ", "AC" + "CA1234567890ABCDEF"],
    "an API key of a language model": ["sk-" + "ant-" + DRAWN, "sk-" + "proj-" + DRAWN],
    "a Hugging Face token": ["hf" + "_" + DRAWN],
    "a GitHub token": ["gh" + "p_" + DRAWN, "github" + "_pat_" + DRAWN],
    "a GitLab token": ["gl" + "pat-" + DRAWN, "gl" + "rt-" + DRAWN],
    "a Slack token": ["xo" + "xb-" + DRAWN, "xa" + "pp-" + DRAWN],
    "a Stripe key": ["sk" + "_test_" + DRAWN],
    "a Pulumi token": ["pul" + "-" + HEX],
    "an npm token": ["npm" + "_" + DRAWN],
    "a token of npm": ["//registry.example.org/:_auth" + "Token=" + HEX],
    "a Databricks token": ["dapi" + HEX],
    "a Mailchimp key": [HEX[:32] + "-us" + "12"],
    "a Telegram token": ["123456789:" + "AA" + DRAWN[:33]],
    "a SendGrid key": ["SG" + "." + DRAWN[:22] + "." + DRAWN[:43]],
    "a key of Azure": ["DefaultEndpointsProtocol=https;Account" + "Key=" + DRAWN + "=="],
    "a bearer token": ["Authorization: Bearer " + DRAWN, "bearer abc123def"],
    "a user's name with the password": [
        "Authorization: Basic " + DRAWN[:12],
        "curl -u elastic:hunter22 http://db:9200",
    ],
    "a password in a URL": ["postgresql://app:hunter22@db:5432/app"],
    "a private key": ["-----BEGIN OPENSSH " + "PRIVATE KEY-----"],
}


@pytest.mark.parametrize(("what", "text"), [(what, text) for what, texts in TOKENS.items() for text in texts])
def test_a_secret_is_known_by_its_form_wherever_it_stands(what: str, text: str):
    assert secret_form(text) == what
    assert secret_form(f"first line\n  value: {text}\nlast line") == what


@pytest.mark.parametrize(
    "text",
    [
        "gh" + "p_" + "x" * 36,
        "AK" + "IAXXXXXXXXXXXXXXXX",
        "use a bearer authentication",
        "Authorization: Basic ${CREDENTIALS}",
        "curl -u ${USER}:${PASSWORD} http://db",
        '"https://registry.example.org:8000";@other',
        "https://registry.example.org:8000/path",
        "sk-proj-",
        "npm_config_registry",
        "short",
    ],
)
def test_what_stands_for_a_secret_or_only_speaks_of_one_is_none(text: str):
    assert secret_form(text) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core-site.xml", "<property>\n<name>fs.s3a.secret.key</name>\n<value>hunter22</value>\n</property>"),
        ("app.config", '<add key="DbPassword" value="hunter22" />'),
        ("client.properties", 'sasl.jaas.config=x.ScramLoginModule required username="a" password="hunter22";'),
        ("settings.json", '{"user": "a", "password": "hunter22"}'),
        ("dsn", "host=db user=app password=hunter22 dbname=app"),
        ("app.conf", 'apiKey := "hunter22"'),
        ("AWS_SECRET_ACCESS_KEY", "xxxxx"),
        ("pwd", "hi"),
        ("env", 'export SUMO_ACCESSKEY="hunter22"'),
    ],
)
def test_a_secret_is_found_in_the_ways_in_which_programs_are_told(name: str, text: str):
    assert secret_in(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core-site.xml", "<property><name>fs.s3a.secret.key</name><value>${env.SECRET}</value></property>"),
        ("app.config", '<add key="PasswordMinLength" value="12" />'),
        ("settings.json", '{"password": "${DB_PASSWORD}", "passwordMinLength": "12"}'),
        ("run.sh", "TOKEN=`etcdctl get /token`"),
        ("url", "https://example.org/department?access_token=ACCESS_TOKEN"),
        ("passwordPolicy", "no"),
        ("token", "on"),
        ("api_key", "pplx-" + "x" * 20),
    ],
)
def test_a_reference_a_switch_and_a_placeholder_are_no_secrets(name: str, text: str):
    assert secret_in(name, text) == ""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("2260 7248 3206 8098", "a card number"),
        ("213103417684870", "a card number"),
        ("AL47-2121-1009-0000-0002-3569-8741", "a bank account number"),
        ("AL47212110090000000235698741 ALL CAPS", "a bank account number"),
        ("JO94 CBJO 0010 0000 0000 0131 0003 03", ""),
    ],
)
def test_numbers_of_persons_are_told_by_issuer_and_check_digits(text: str, what: str):
    assert personal_number(text) == what
