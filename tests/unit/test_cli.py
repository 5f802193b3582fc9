"""What all commands of `inge` have in common: help, exit codes, JSON, and the base install being enough."""

import json
import subprocess
import sys

import pytest

from adapters.cli.console import PRINT_MODULES, REFUSED, SERVER_MODULES, USAGE, table
from tests.support.cli import every_command, inge

COMMANDS = list(every_command())


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_commands_are_those_of_the_documentation() -> None:
    words = {" ".join(command) for command in COMMANDS}
    assert {
        "serve", "migrate", "send", "fetch", "status", "check", "explain", "version",
        "config check", "party add", "party certify", "party list", "party show",
        "party lock", "party unlock", "offices import", "offices list",
        "schemas list", "schemas check", "schemas install", "journal verify", "journal seal",
        "cases list", "cases show", "cases decide", "cases undo", "hints list", "hints show",
        "rules show", "rules row", "scheduler run", "clock show", "clock advance", "capture right",
        "print",
    } <= words  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "inge")
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    ran = inge(*command, "--help")
    assert ran.code == 0
    assert "Usage:" in ran.out
    assert len(ran.out.splitlines()[2].strip()) > 10


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("send",), ("version", "--nonsense"), ("party", "add", "x")]
)
def test_a_wrong_call_ends_with_2(arguments: tuple[str, ...]) -> None:
    ran = inge(*arguments)
    assert ran.code == USAGE
    assert "Usage:" in ran.err


def test_the_version_in_text_and_json() -> None:
    assert inge("version").out.startswith("inge-gateway ")
    assert set(inge("version", "--json").json) == {"inge-gateway", "python"}


def test_the_base_install_is_enough_to_import_the_command() -> None:
    done = _python(
        "import sys, json, adapters.cli.main, adapters.client\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) & (SERVER_MODULES | PRINT_MODULES) == set()


@pytest.mark.parametrize(
    "command", ["serve", "migrate", "config', 'check", "party', 'list", "journal', 'verify"]
)
def test_without_the_server_half_a_command_says_what_it_needs(command: str) -> None:
    done = _python(
        "import sys; sys.modules['pydantic_settings'] = None; sys.modules['sqlalchemy'] = None\n"
        f"from adapters.cli.main import main; main(['{command}'])"
    )
    assert done.returncode == USAGE
    assert "inge-gateway[server]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("missing", sorted(PRINT_MODULES))
@pytest.mark.parametrize(
    "command",
    [
        "send', 'message.xml', '--print', '--endpoint', 'x', '--key', 'x', '--gateway', 'x",
        "print', '12', '--out', 'x.pdf', '--as', 'e",
    ],
)
def test_without_the_printing_half_a_command_says_what_it_needs(command: str, missing: str) -> None:
    done = _python(
        f"import sys; sys.modules['{missing}'] = None\n"
        f"from adapters.cli.main import main; main(['{command}'])"
    )
    assert done.returncode == USAGE
    assert done.stderr == (
        "inge: this command needs inge-gateway[print]: pip install 'inge-gateway[print]'\n"
    )


def test_a_missing_module_of_our_own_is_not_taken_for_the_server_half() -> None:
    done = _python(
        "import sys; sys.modules['schemas.registry'] = None\n"
        "from adapters.cli.main import main; main(['schemas', 'list'])"
    )
    assert "Traceback" in done.stderr


def test_output_into_a_closed_pipe_is_no_traceback() -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f'{sys.executable} -c \'from adapters.cli.main import main; main(["schemas", "list"])\' | true',
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_a_table_is_plain_where_no_terminal_is() -> None:
    assert table(["a", "bb"], [["xyz", None], ["", 1]]) == "a    bb\nxyz\n     1"


def test_no_configuration_is_told_in_words(tmp_path: object) -> None:
    ran = inge("party", "list", "--config", f"{tmp_path}/none.toml")
    assert ran.code == USAGE
    assert "no such file" in ran.err


def test_exit_codes_differ() -> None:
    assert (REFUSED, USAGE) == (1, 2)
