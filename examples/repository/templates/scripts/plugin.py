"""Values that the templates need and no configuration file holds."""

import json
from functools import lru_cache
from typing import Any

import makejinja


# Item 10: a rendering asks for the same few files hundreds of times.
@lru_cache(maxsize=8)
def _read_file_cached(file_path: str) -> str:
    """The text of a file without blanks at its ends, read once for each path."""
    with open(file_path, "r", encoding="utf-8") as file:
        return file.read().strip()


@lru_cache(maxsize=4)
def _read_json_cached(file_path: str) -> str:
    """JSON as text, read once: whoever parses it gets an object of their own."""
    with open(file_path, "r", encoding="utf-8") as file:
        return file.read()


def age_key(key_type: str, file_path: str = "age.key") -> str:
    """The public or the private half of the age key."""
    marker = "# public key: " if key_type == "public" else ""
    for line in _read_file_cached(file_path).splitlines():
        if key_type == "public" and line.startswith(marker):
            return line.removeprefix(marker).strip()
        if key_type == "private" and line.startswith("AGE-SECRET-KEY-"):
            return line.strip()
    raise ValueError(f"{file_path} holds no {key_type} age key")


def cloudflare_tunnel_id(file_path: str = "cloudflare-tunnel.json") -> str:
    """The id of the tunnel."""
    return str(json.loads(_read_json_cached(file_path))["TunnelID"])


def cloudflare_tunnel_secret(file_path: str = "cloudflare-tunnel.json") -> str:
    """What the tunnel proves itself with."""
    return str(json.loads(_read_json_cached(file_path))["TunnelSecret"])


def github_deploy_key(file_path: str = "github-deploy.key") -> str:
    """The private key by which Flux reads the repository."""
    return _read_file_cached(file_path)


def github_push_token(file_path: str = "github-push-token.txt") -> str:
    """The token of the webhook."""
    return _read_file_cached(file_path)


class Plugin(makejinja.plugin.Plugin):
    """What makejinja loads."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def functions(self) -> makejinja.plugin.Functions:
        return [
            age_key,
            cloudflare_tunnel_id,
            cloudflare_tunnel_secret,
            github_deploy_key,
            github_push_token,
        ]
