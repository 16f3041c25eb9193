"""Options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def configured(function: Function) -> Function:
    """Options of every command that works on a lake."""
    for option in (
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override one key; repeatable."),
        click.option(
            "--config", "-c", type=click.Path(path_type=Path), help="Configuration file (default: navab.yaml)."
        ),
        click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails."),
    ):
        function = option(function)
    return function
