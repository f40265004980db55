"""Settings: where they come from, which wins, and that nothing is ignored silently."""

import re
from pathlib import Path

import msgspec
import pytest

import relay.config
from relay.config import FILE_VARIABLE, Config, load_config
from relay.errors import RelayError

TOKEN = "correct horse battery".replace(" ", "-")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text('port = 1000\nhost = "0.0.0.0"\nlog_addresses = true\nidle_s = 60\n')
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(file: Path) -> None:
    environment = {"MKUTANO_RELAY_PORT": "2000", "MKUTANO_RELAY_ADMIN_PORT": "2001", "HOME": "/"}
    config = load_config(file, environment, {"port": "3000"})
    assert (config.port, config.admin_port, config.host) == (3000, 2001, "0.0.0.0")
    assert config.log_addresses
    assert config.idle_s == 60
    assert load_config(None, {FILE_VARIABLE: str(file)}).port == 1000
    assert load_config() == Config()


def test_text_becomes_what_a_setting_is(file: Path) -> None:
    config = load_config(
        None,
        {
            "MKUTANO_RELAY_ADMIN": "false",
            "MKUTANO_RELAY_PROXY_ADDRESSES": "10.0.0.1, 10.0.0.2",
            "MKUTANO_RELAY_HEARTBEAT_S": "1.5",
            "MKUTANO_RELAY_CREATE_TOKENS": TOKEN,
            "MKUTANO_RELAY_CREATE": "token",
        },
    )
    assert config.admin is False
    assert config.proxy_addresses == ("10.0.0.1", "10.0.0.2")
    assert config.heartbeat_s == 1.5
    assert config.create_tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"prt": "1"}, "'prt'"),
        ({"port": "70000"}, "'port'"),
        ({"port": "eight"}, "'port'"),
        ({"retention_days": "29"}, "'retention_days'"),
        ({"create": "closed"}, "'create'"),
        ({"create": "token"}, "create_tokens"),
        ({"create_tokens": "short"}, "'create_tokens'"),
        ({"tls_key": "key.pem"}, "tls_certificate"),
        ({"database": "mysql://host"}, "'database'"),
        ({"idle_s": "0"}, "'idle_s'"),
        ({"connection_queue_bytes_max": "1"}, "'connection_queue_bytes_max'"),
    ],
)
def test_what_makes_no_sense_is_named(settings: dict[str, str], named: str) -> None:
    environment = {f"MKUTANO_RELAY_{name.upper()}": value for name, value in settings.items()}
    for from_environment in (True, False):
        with pytest.raises(RelayError, match=named) as caught:
            load_config(None, environment if from_environment else {}, settings)
        assert caught.value.code == "bad_config"
        assert "short" not in caught.value.text


@pytest.mark.parametrize("text", ["port = ", "prt = 1", 'port = "80"', "[table]\nport = 1"])
def test_a_file_that_makes_no_sense_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(text)
    with pytest.raises(RelayError, match=r"relay\.toml"):
        load_config(path)
    with pytest.raises(RelayError, match="can't be read"):
        load_config(tmp_path / "missing.toml")


def test_what_is_shown_holds_no_secret() -> None:
    config = Config(create_tokens=(TOKEN,), database="postgresql://me:secret@host/relay")
    shown = str(config.in_force())
    assert TOKEN not in shown
    assert "secret@" not in shown
    assert set(config.in_force()) == set(msgspec.structs.asdict(config))


def test_the_operators_page_has_every_setting_with_its_default() -> None:
    page = (Path(relay.config.__file__).parent / "OPERATING.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", page, re.M)
    told = {name: default.strip().replace("`", "") for name, default in rows}

    def written(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple):
            return ", ".join(value)
        return f"{value:,}" if isinstance(value, int) else str(value)

    expected = {name: written(value) for name, value in msgspec.structs.asdict(Config()).items()}
    for name in ("port", "admin_port"):
        expected[name] = expected[name].replace(",", "")
    assert told == expected
    assert list(told) == list(expected)
