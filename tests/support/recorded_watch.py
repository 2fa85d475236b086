"""Inputs of the recorded types of alarms, events and budgets, as the program would write them, and wrong ones."""

from typing import Any

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
BUDGET = "aws:budgets/budget:Budget"
ANOMALIES = "aws:costexplorer/anomalySubscription:AnomalySubscription"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:t"
MONITOR_ARN = "arn:aws:ce::123456789012:anomalymonitor/1"

GOOD: dict[str, dict[str, Any]] = {
    ALARM: {
        "name": "a",
        "namespace": "AWS/EKS",
        "metricName": "m",
        "dimensions": {"ClusterName": "c"},
        "statistic": "Sum",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 50.0,
        "period": 300,
        "evaluationPeriods": 3,
        "treatMissingData": "notBreaching",
        "alarmActions": [TOPIC_ARN],
        "okActions": [TOPIC_ARN],
        "tags": {"a": "1"},
    },
    BUDGET: {
        "accountId": "123456789012",
        "name": "b",
        "budgetType": "COST",
        "limitAmount": "2000",
        "limitUnit": "USD",
        "timeUnit": "MONTHLY",
        "costFilters": [{"name": "TagKeyValue", "values": ["user:Tenant$t"]}],
        "notifications": [{"comparisonOperator": "GREATER_THAN", "threshold": 80}],
    },
    "aws:cloudwatch/eventRule:EventRule": {"name": "r", "eventPattern": '{"source": ["aws.kms"]}'},
    "aws:cloudwatch/eventTarget:EventTarget": {"rule": "r", "targetId": "t", "arn": TOPIC_ARN},
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": {
        "name": "m",
        "monitorType": "CUSTOM",
        "monitorSpecification": '{"Tags": {"Key": "Project", "Values": ["p"]}}',
        "tags": {"a": "1"},
    },
    ANOMALIES: {
        "name": "s",
        "frequency": "DAILY",
        "monitorArnLists": [MONITOR_ARN],
        "subscribers": [{"type": "EMAIL", "address": "a@example.com"}],
        "thresholdExpression": {"dimension": {"key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE"}},
    },
    "aws:cloudtrail/trail:Trail": {
        "name": "trail",
        "s3BucketName": "bucket",
        "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
        "enableLogging": True,
        "cloudWatchLogsGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:trail:*",
        "cloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/trail",
        "enableLogFileValidation": True,
        "includeGlobalServiceEvents": True,
        "isMultiRegionTrail": True,
        "tags": {"a": "1"},
    },
    SUBSCRIPTION: {"topic": TOPIC_ARN, "protocol": "email", "endpoint": "a@example.com"},
}

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (ALARM, {"comparisonOperator": "Above"}, "comparisonOperator", "'Above' is not one of"),
    (ALARM, {"dimensions": {"ClusterName": 5}}, "dimensions.ClusterName", "5 is not of type 'string'"),
    (BUDGET, {"limitAmount": "a lot"}, "limitAmount", "'a lot' is not of type 'number'"),
    (ANOMALIES, {"frequency": "HOURLY"}, "frequency", "'HOURLY' is not one of"),
    (
        ANOMALIES,
        {"subscribers": [{"type": "PIGEON", "address": "a@example.com"}]},
        "subscribers[0].type",
        "'PIGEON' is not",
    ),
]
