"""The log of requests: one line each, without who asked and without what was filtered by."""

import logging
from typing import Any

FORMAT = "%(time)s %(method)s %(path)s %(status)d %(dt_ms).1f"
"""Time, method, path, status, milliseconds. No address; the query may hold names and numbers."""


class OneLine(logging.Formatter):
    """Writes a record on one line, whatever a path holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, its control characters and line ends escaped.

        >>> record = logging.LogRecord("", 20, "", 0, "/a%s200", (chr(10),), None)
        >>> OneLine().format(record) == "/a" + chr(92) + "n200"
        True
        """
        text = record.getMessage()
        return text if text.isprintable() else text.encode("unicode_escape").decode()


def log_config() -> dict[str, Any]:
    """Return the server's logging: requests to standard output, the rest as it is."""
    return {
        "formatters": {"access": {"()": OneLine}},
        "handlers": {
            "access": {
                "class": "logging.StreamHandler",
                "formatter": "access",
                "stream": "ext://sys.stdout",
            }
        },
        "loggers": {
            "granian.access": {"handlers": ["access"], "level": "INFO", "propagate": False}
        },
    }
