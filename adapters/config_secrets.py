"""The secret files a configuration names: symmetric keys, and the keys that seal the answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapters.config_problems import ConfigurationError, Problem
from gateway.trust.keys import KeyFileError, Pkcs12Key

if TYPE_CHECKING:
    from adapters.config import Config

SECRET_BYTES = 32
_HEX_KEY = f"{SECRET_BYTES * 2} hexadecimal digits"


def read_secret(path: Path, key: str) -> bytes:
    """Read a secret of 32 bytes, written as 64 hexadecimal digits.

    `key` is the name of the configuration key, for the problem. Raises ConfigurationError.
    """
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigurationError(
            [Problem(key, f"{path} cannot be read: {error.strerror}", _HEX_KEY)]
        ) from error
    except ValueError:
        # Without the cause: its text would quote the secret.
        raise ConfigurationError([Problem(key, f"{path} holds something else", _HEX_KEY)]) from None
    if len(secret) != SECRET_BYTES:
        raise ConfigurationError([Problem(key, f"{path} holds {len(secret)} bytes", _HEX_KEY)])
    return secret


def load_signing_key(config: Config) -> Pkcs12Key:
    """Open the key that seals the answers. Raises ConfigurationError."""
    return _load_key(config, config.keys.signing, "keys.signing")


def load_ecdsa_key(config: Config) -> Pkcs12Key | None:
    """Open the key for partners that want ECDSA answers, if one is configured. Raises ConfigurationError."""
    path = config.keys.signing_ecdsa
    return None if path is None else _load_key(config, path, "keys.signing_ecdsa")


def _load_key(config: Config, path: Path, key: str) -> Pkcs12Key:
    expected = "a PKCS#12 file with an RSA or ECDSA key, opened by keys.signing_password(_file)"
    try:
        return Pkcs12Key.load(path, config.keys.password())
    except OSError as error:
        wrong = f"{error.filename} cannot be read: {error.strerror}"
        raise ConfigurationError([Problem(key, wrong, expected)]) from error
    except KeyFileError as error:
        raise ConfigurationError([Problem(key, str(error), expected)]) from error
