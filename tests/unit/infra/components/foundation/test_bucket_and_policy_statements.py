"""What buckets, keys and topics share, as plain values."""

import json

from infra.components.foundation.bucket_layout import ABORT_UPLOAD_DAYS, encryption_rule, lifecycle
from infra.components.foundation.resource_policies import (
    account_decides,
    bucket_tls_only,
    document,
    log_key_policy,
    topic_tls_only,
)

ACCOUNT = "444455556666"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"


def test_what_is_not_said_to_expire_or_move_stays_but_its_old_versions_go() -> None:
    age, _ = lifecycle(noncurrent_days=30)
    assert set(age) == {"id", "status", "filter", "noncurrent_version_expiration"}
    assert age["noncurrent_version_expiration"] == {"noncurrent_days": 30}


def test_objects_move_in_the_order_given_and_then_go() -> None:
    age, _ = lifecycle(noncurrent_days=1, expire_days=365, moves={"STANDARD_IA": 30, "GLACIER": 90})
    assert [(move["days"], move["storage_class"]) for move in age["transitions"]] == [
        (30, "STANDARD_IA"),
        (90, "GLACIER"),
    ]
    assert age["expiration"] == {"days": 365}


def test_parts_of_unfinished_uploads_go_from_every_bucket() -> None:
    _, uploads = lifecycle(noncurrent_days=1)
    assert uploads["abort_incomplete_multipart_upload"] == {"days_after_initiation": ABORT_UPLOAD_DAYS}
    assert uploads["filter"] == {"prefix": ""}


def test_a_bucket_with_a_key_encrypts_by_it_and_asks_for_it_once() -> None:
    rule = encryption_rule("arn:of:the:key")
    assert rule["apply_server_side_encryption_by_default"]["kms_master_key_id"] == "arn:of:the:key"
    assert rule["bucket_key_enabled"] is True


def test_a_bucket_without_a_key_is_encrypted_all_the_same() -> None:
    assert encryption_rule(None) == {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}


def test_a_bucket_and_all_that_is_in_it_refuse_plain_http() -> None:
    refusal = bucket_tls_only("lake")
    assert (refusal["Effect"], refusal["Action"], refusal["Principal"]) == ("Deny", "s3:*", "*")
    assert refusal["Resource"] == ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_topic_refuses_plain_http() -> None:
    assert topic_tls_only(TOPIC) == {**bucket_tls_only("any"), "Action": "sns:Publish", "Resource": TOPIC}


def test_a_key_of_log_groups_serves_those_groups_and_no_others() -> None:
    account, logs = log_key_policy(ACCOUNT, "eu-west-1", ["/one", "/two"])
    assert account == account_decides(ACCOUNT)
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    prefix = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:"
    assert logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"] == [f"{prefix}/one", f"{prefix}/two"]


def test_the_same_statements_make_the_same_document() -> None:
    statement = account_decides(ACCOUNT)
    turned = dict(reversed(list(statement.items())))
    assert document([statement]) == document([turned])
    assert json.loads(document([statement]))["Version"] == "2012-10-17"
