"""Whether weights and biases can be reached with an account: asked without ever prompting."""

import inspect
import netrc
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_WITHOUT_ACCOUNT = ("offline", "disabled", "dryrun")


def option(settings: Mapping[str, Any], name: str) -> Any:
    """A setting, of `wandb.init` itself or of its `settings`; None where it is not there."""
    more = settings.get("settings")
    if isinstance(more, Mapping):
        return settings.get(name) or more.get(name)
    given = getattr(more, "model_fields_set", ())  # wandb.Settings: all else is a default there
    return settings.get(name) or (getattr(more, name) if name in given else None)


def needs_account(settings: Mapping[str, Any]) -> bool:
    """Whether a run with these settings is sent anywhere while it lasts."""
    return (option(settings, "mode") or os.environ.get("WANDB_MODE")) not in _WITHOUT_ACCOUNT


def has_account(wandb: Any, settings: Mapping[str, Any]) -> bool:
    """Whether there is a key for the server.

    `wandb.init` itself would ask for one at the terminal, and wait for an answer.

    Args:
        wandb: the package.
        settings: arguments of `wandb.init`.
    """
    keys = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
    if option(settings, "api_key") or any(os.environ.get(key) for key in keys):
        return True
    server = option(settings, "base_url")
    login = getattr(wandb, "login", None)
    if login is None:
        return True
    if "prompt" in inspect.signature(login).parameters and not server:
        return bool(login(prompt=False))
    return _in_netrc(urlsplit(server or os.environ.get("WANDB_BASE_URL", "")).netloc)


def _in_netrc(host: str) -> bool:
    """Whether the user's netrc file has a password for a host ('': for that of the company)."""
    try:
        known = netrc.netrc(os.environ.get("NETRC"))
    except (OSError, netrc.NetrcParseError):
        return False
    return known.authenticators(host or "api.wandb.ai") is not None
