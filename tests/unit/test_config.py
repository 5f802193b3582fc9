"""One file and the environment make a frozen configuration; what is wrong is said in words, all at once."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.config import Config, config_path, load_config
from adapters.config_problems import ConfigurationError
from adapters.server_core import core_settings
from messages.values import Gebaeudeanschrift

COMPLETE = """
[environment]
name = "test"

[gateway]
kennung = "dbs:090000000"
name = "Bundesamt"
street = "Teststraße"
house_number = "1 a"
postcode = "90402"
city = "Nürnberg"
email = "amt@example.org"

[keys]
signing = "keys/gateway.p12"
signing_password_file = "keys/password"
master_key_file = "keys/master.hex"
number_key_file = "/etc/inge/number.hex"

[trust]
anchors = ["keys/root.crt.pem"]
crls = ["keys/crls"]

[store]
url = "sqlite:///store/inge.sqlite"

[journal]
heads_file = "heads.log"
"""


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INGE_STORE__URL", "INGE_HTTP__PORT", "INGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "inge.toml"
    path.write_text(COMPLETE, encoding="utf-8")
    return path


def _problems(path: Path) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    return {item.key: f"{item.wrong}; {item.expected}" for item in caught.value.problems}


def test_paths_count_from_the_folder_of_the_file(file: Path) -> None:
    config = load_config(file)
    assert config.keys.signing == file.parent / "keys/gateway.p12"
    assert config.keys.number_key_file == Path("/etc/inge/number.hex")
    assert config.trust.anchors == (file.parent / "keys/root.crt.pem",)
    assert config.store.url == f"sqlite:///{file.parent}/store/inge.sqlite"


def test_what_is_not_said_has_a_default(file: Path) -> None:
    config = load_config(file)
    assert (config.http.port, config.rules.key_profile, config.trust.require_crl) == (8470, "seed2012", True)
    assert config.limits.given() == {}


@pytest.mark.parametrize(
    ("written", "number", "letter"), [("1 a", "1", "a"), ("12b", "12", "b"), ("210", "210", None)]
)
def test_a_house_number_stands_in_the_answers_as_messages_have_it(
    file: Path, written: str, number: str, letter: str | None
) -> None:
    file.write_text(COMPLETE.replace('"1 a"', f'"{written}"'), encoding="utf-8")
    address = core_settings(load_config(file)).address
    assert isinstance(address, Gebaeudeanschrift)
    assert (address.hausnummer, address.hausnummer_buchstabe) == (number, letter)


def test_a_variable_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGE_STORE__URL", "postgresql://inge@db/inge")
    monkeypatch.setenv("INGE_HTTP__TRUSTED_PROXIES", '["10.0.0.0/8"]')
    monkeypatch.setenv("INGE_LIMITS__MAX_BYTES", "2048")
    config = load_config(file)
    assert config.store.url == "postgresql://inge@db/inge"
    assert config.http.trusted_proxies == ("10.0.0.0/8",)
    assert config.limits.given() == {"max_bytes": 2048}
    assert config.gateway.city == "Nürnberg"


def test_the_configuration_is_frozen(file: Path) -> None:
    config = load_config(file)
    with pytest.raises(ValidationError):
        config.http.port = 1
    with pytest.raises(ValidationError):
        config.http = config.http


def test_the_password_comes_from_the_first_line_of_its_file_and_is_never_printed(file: Path) -> None:
    (file.parent / "keys").mkdir()
    (file.parent / "keys/password").write_text("geheim wie nie\n# not this\n", encoding="utf-8")
    assert load_config(file).keys.password() == "geheim wie nie"


def test_a_password_in_a_variable_is_not_shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(COMPLETE.replace('signing_password_file = "keys/password"', ""), encoding="utf-8")
    monkeypatch.setenv("INGE_KEYS__SIGNING_PASSWORD", "geheim wie nie")
    config = load_config(file)
    assert config.keys.password() == "geheim wie nie"
    assert "geheim" not in repr(config)


def test_two_passwords_are_one_too_many(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGE_KEYS__SIGNING_PASSWORD", "geheim wie nie")
    problems = _problems(file)
    assert "not both" in problems["keys"]
    assert "geheim" not in str(problems)


def test_a_copy_of_the_registry_is_made_anew_before_it_is_too_old(file: Path) -> None:
    few = "[acceptance]\nregistry_every_seconds = 7200\nregistry_max_age_hours = 2\n"
    file.write_text(COMPLETE + few, encoding="utf-8")
    assert "registry_max_age_hours" in _problems(file)["acceptance"]
    file.write_text(COMPLETE + few.replace("= 2\n", "= 3\n"), encoding="utf-8")
    assert load_config(file).acceptance.registry_max_age_hours == 3


def test_every_problem_is_found_at_once_with_what_is_expected(file: Path) -> None:
    text = COMPLETE.replace('"test"', '"prod"').replace('kennung = "dbs:090000000"', 'kenung = "x"')
    file.write_text(text.replace("[store]", "[stroe]") + '[http]\nport = "abc"\n', encoding="utf-8")
    problems = _problems(file)
    assert "`test` or `productive`" in problems["environment.name"]
    assert "missing" in problems["gateway.kennung"]
    assert "dbs:" in problems["gateway.kennung"]
    assert "`kennung`?" in problems["gateway.kenung"]
    assert "missing" in problems["store"]
    assert "`store`?" in problems["stroe"]
    assert "integer" in problems["http.port"]
    assert len(problems) == 6


@pytest.mark.parametrize(
    ("section", "line", "key"),
    [
        ("gateway", 'postcode = "9040"', "gateway.postcode"),
        ("gateway", 'city = "Nürnberg – Süd"', "gateway.city"),
        ("gateway", 'house_number = "Haus 3"', "gateway.house_number"),
        ("store", 'url = "mysql://db"', "store.url"),
        ("trust", "anchors = []", "trust.anchors"),
        ("http", "port = 70000", "http.port"),
        ("rules", 'key_profile = "all"', "rules.key_profile"),
        ("batch", "upload_seconds = 86400", "batch.upload_seconds"),
        ("connect", 'confirms_for = ["azr090001"]', "connect.confirms_for.0"),
    ],
)
def test_a_value_out_of_range_names_its_key(file: Path, section: str, line: str, key: str) -> None:
    name = line.partition(" ")[0]
    kept = [item for item in COMPLETE.splitlines() if not item.startswith(f"{name} =")]
    if f"[{section}]" not in kept:
        kept.append(f"[{section}]")
    kept.insert(kept.index(f"[{section}]") + 1, line)
    file.write_text("\n".join(kept), encoding="utf-8")
    assert list(_problems(file)) == [key]


def test_a_variable_that_names_no_section_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGE_STROE__URL", "sqlite:///x")
    monkeypatch.setenv("INGE_HTTP__PROT", "1")
    problems = _problems(file)
    assert "`store`?" in problems["INGE_STROE__URL"]
    assert "`port`?" in problems["http.prot"]


def test_a_list_in_a_variable_has_to_be_json(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGE_HTTP__TRUSTED_PROXIES", "127.0.0.1")
    assert "JSON" in _problems(file)["environment variables"]


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "inge.toml"
    path.write_text("[store\n", encoding="utf-8")
    assert "line 1" in _problems(path)[str(path)]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    assert "no such file" in _problems(path)[str(path)]


def test_which_file_counts() -> None:
    assert config_path(None, {}) == Path("inge.toml")
    assert config_path(None, {"INGE_CONFIG": "/etc/inge.toml"}) == Path("/etc/inge.toml")
    assert config_path(Path("mine.toml"), {"INGE_CONFIG": "/etc/inge.toml"}) == Path("mine.toml")


def test_every_key_says_what_it_expects() -> None:
    for name, section in Config.model_fields.items():
        fields = getattr(section.annotation, "model_fields", {})
        assert fields, name
        silent = [f"{name}.{key}" for key, field in fields.items() if not field.description]
        assert silent == []
