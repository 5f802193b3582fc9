"""Every example file of docs/deployment is taken by what it is for, and names what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from adapters.config import load_config
from tests.support.cli import every_command, inge
from tests.support.deployment import DEPLOYMENT, adapted
from tests.support.reference import PROJECT
from tests.support.server import live_pki
from tests.support.tools import find_tool

UNITS = sorted(path.name for path in DEPLOYMENT.iterdir() if path.suffix in (".service", ".timer"))
SERVICES = [name for name in UNITS if name.startswith("inge-") and name.endswith(".service")]
PAGE = PROJECT / "docs" / "deployment.md"


def settings_of(name: str) -> dict[str, list[str]]:
    """The lines of a unit by their key."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOYMENT / name).read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    """Commands are put where this machine has something to run; nothing else is changed."""
    text = (DEPLOYMENT / name).read_text(encoding="utf-8")
    text = re.sub(r"/opt/inge/\w+/bin/inge|/usr/local/sbin/inge-upstreams", "/bin/true", text)
    (tmp_path / name).write_text(text, encoding="utf-8")
    if name.endswith(".timer"):
        service = name.replace(".timer", ".service")
        (tmp_path / service).write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    checked = subprocess.run(
        [find_tool("systemd-analyze"), "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("name", [each for each in SERVICES if "upstreams" not in each])
def test_a_service_may_do_little(name: str) -> None:
    """systemd's own measure: 10 may do everything, 0 nothing."""
    command = [find_tool("systemd-analyze"), "security", "--offline=true", "--no-pager", "--threshold=20"]
    subprocess.run([*command, str(DEPLOYMENT / name)], capture_output=True, check=True)
    settings = settings_of(name)
    assert settings["User"] == ["inge"]
    assert settings["NoNewPrivileges"] == ["yes"]
    assert settings["ProtectSystem"] == ["strict"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_there_is(name: str) -> None:
    commands = set(every_command())
    for key in ("ExecStart", "ExecStartPre"):
        for line in settings_of(name).get(key, []):
            for words in re.findall(r"/bin/inge ([a-z ]+)", line):
                assert tuple(words.split()) in commands


def test_keys_handed_to_a_service_are_those_its_variables_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd does it: copies in a folder of the service's own, readable by an access list."""
    laid_out = lay_out(tmp_path, "inge-node.toml")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    settings = settings_of("inge-server.service")
    for each in settings["LoadCredential"]:
        name, _, source = each.partition(":")
        shutil.copy(source.replace("/etc/inge", str(laid_out.parent)), credentials / name)
        (credentials / name).chmod(0o440)
    shutil.rmtree(laid_out.parent / "keys")
    assert inge("config", "check", "--config", laid_out).code == 1
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    for each in settings["Environment"]:
        key, _, value = each.partition("=")
        if key != "INGE_CONFIG":
            monkeypatch.setenv(key, value.replace("%d", str(credentials)))
    checked = inge("config", "check", "--config", laid_out)
    assert checked.code == 0, checked.out
    drain = load_config(laid_out).http.drain_seconds
    # The journal is sealed after the last request, and a worker's row at hand may take its time.
    assert int(settings["TimeoutStopSec"][0]) > drain + 10
    assert settings["KillMode"] == ["mixed"]


def lay_out(folder: Path, name: str) -> Path:
    """The places that an example configuration names, with keys in them; out: the configuration."""
    pki = live_pki()
    base = folder / "inge"
    for each in ("keys", "trust/anchors", "trust/intermediates", "trust/crls"):
        (base / each).mkdir(parents=True)
    for each in ("store", "outside", "spool"):
        (folder / "lib" / each).mkdir(parents=True)
    files = {
        "keys/gateway.p12": pki.p12("gateway").read_bytes(),
        "keys/gateway.password": pki.password.encode(),
        "keys/master.key": b"a1" * 32,
        "keys/number.key": b"b2" * 32,
    }
    for kind, paths in (("anchors", pki.anchors), ("intermediates", pki.intermediates), ("crls", pki.crls)):
        files.update({f"trust/{kind}/{path.name}": path.read_bytes() for path in paths})
    for path, content in files.items():
        (base / path).write_bytes(content)
        (base / path).chmod(0o600)
    config = base / "inge.toml"
    places = {"/etc/inge/": f"{base}/", "/var/lib/inge/": f"{folder}/lib/"}
    config.write_text(adapted(name, places), encoding="utf-8")
    return config


@pytest.mark.parametrize("name", ["inge-node.toml", "inge-single.toml"])
def test_the_configuration_is_in_order(name: str, tmp_path: Path) -> None:
    checked = inge("config", "check", "--config", lay_out(tmp_path, name))
    assert checked.code == 0, checked.out


def test_the_examples_agree_with_each_other() -> None:
    node = tomllib.loads((DEPLOYMENT / "inge-node.toml").read_text(encoding="utf-8"))
    upstreams = settings_of("inge-upstreams.service")["ExecStart"][0].split()[2:]
    assert f"{node['http']['host']}:{node['http']['port']}" in upstreams
    hba = (DEPLOYMENT / "pg_hba.conf").read_text(encoding="utf-8")
    for upstream in upstreams:
        assert f"{upstream.partition(':')[0]}/32" in hba
    proxy = (DEPLOYMENT / "nginx.conf").read_text(encoding="utf-8")
    assert "X-SSL-Client-Cert $ssl_client_escaped_cert" in proxy
    config = load_config_defaults()
    assert config["client_certificate_header"] == "x-ssl-client-cert"
    roles = set(re.findall(r"CREATE ROLE (\w+)", (DEPLOYMENT / "roles.sql").read_text(encoding="utf-8")))
    assert roles == {"inge_owner", "inge_app", "inge_reader"}
    assert "inge_app@" in node["store"]["url"]


def load_config_defaults() -> dict[str, object]:
    """What [http] is without being set."""
    from adapters.config_sections import HttpSection

    return HttpSection().model_dump()


def test_logrotate_takes_its_file(tmp_path: Path) -> None:
    logrotate = find_tool("logrotate")
    (tmp_path / "server.log").write_text("a line\n")
    file = tmp_path / "logrotate.conf"
    file.write_text(
        adapted("logrotate.conf", {"/var/log/inge/": f"{tmp_path}/", "    su inge inge\n": ""}),
        encoding="utf-8",
    )
    file.chmod(0o644)
    done = subprocess.run(
        [logrotate, "--force", "--state", str(tmp_path / "state"), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "server.log").read_text() == ""


def test_the_script_is_a_script() -> None:
    script = DEPLOYMENT / "inge-upstreams"
    assert os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_the_page_names_every_file_and_only_commands_there_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in DEPLOYMENT.iterdir():
        assert f"deployment/{path.name})" in page
    commands = set(every_command())
    in_words = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))
    told = [words for each in in_words for words in re.findall(r"^inge ((?:[a-z-]+ ?)+)", each)]
    assert len(told) > 5
    for words in told:
        split = tuple(words.split())
        assert any(split[:length] in commands for length in (1, 2)), words
