"""Run in child processes: a clerk who decides when told to."""

import json

from tests.support.cli import inge
from tests.support.processes import report, wait_for_word


def decide(config: str, arguments: list[str]) -> None:
    """Warm up by a list, wait for the word, run the command; report exit code and what came of it."""
    inge("cases", "list", "--json", "--config", config)
    report("ready")
    wait_for_word()
    ran = inge(*arguments, "--json", "--config", config)
    report({"code": ran.code, "told": json.loads(ran.out) if ran.out else None, "error": ran.err})
