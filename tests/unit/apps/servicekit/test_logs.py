import io
import json
import logging

from servicekit.logs import get_logger


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_service_and_version(log: io.StringIO):
    get_logger("here").info("started", port=1)
    (line,) = lines(log)
    assert line.pop("timestamp")
    assert line == {
        "event": "started",
        "port": 1,
        "level": "info",
        "logger": "here",
        "service": "svc",
        "version": "9.9",
    }


def test_the_libraries_lines_have_the_same_shape(log: io.StringIO):
    logging.getLogger("uvicorn.error").warning("slow %s", "client")
    (line,) = lines(log)
    assert (line["event"], line["level"], line["service"]) == ("slow client", "warning", "svc")


def test_lines_below_the_level_are_not_written(log: io.StringIO):
    get_logger("here").debug("detail")
    logging.getLogger("lib").debug("detail")
    assert log.getvalue() == ""


def test_secrets_are_masked_in_fields_messages_and_tracebacks(log: io.StringIO):
    get_logger("here").info("login", password="canary-1", url="redis://u:canary-2@cache")
    logging.getLogger("lib").error("token=%s", "canary-3")
    try:
        int("postgresql://app:canary-4@db/app")
    except ValueError:
        get_logger("here").exception("failed", headers={"Authorization": "Basic canary-5"})
    assert len(lines(log)) == 3
    assert "canary" not in log.getvalue()
    assert "ValueError" in log.getvalue()
