"""YAML as people mean it: no dates, only true and false are booleans, and no key is written twice.

A crawl may be named 2026-11-05, and a nation `no`. Of two sections of one name YAML keeps the last without a word.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

_BOOLEAN, _DATE, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("bool", "timestamp", "merge"))


class RepeatedKeyError(ValueError):
    """A key stands twice in one mapping."""


def parse_yaml(content: str) -> Any:
    """Parse a document; raises yaml.YAMLError, and RepeatedKeyError naming the key and its line."""
    return yaml.load(content, _Loader)


def parse_own(content: str) -> Any:
    """Parse a document that navab itself brings."""
    return yaml.load(content, _compiled("SafeLoader"))


def parse_words(content: str) -> Any:
    """Parse a document in which every value is text: no word becomes a boolean; raises yaml.YAMLError."""
    return yaml.load(content, _compiled("BaseLoader"))


def _compiled(loader: str) -> Any:
    """PyYAML's loader by libyaml, ten times as fast, where PyYAML has it."""
    return getattr(yaml, f"C{loader}", getattr(yaml, loader))


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name in keys and key.tag != _MERGE:
                raise RepeatedKeyError(f"key '{name}' is written twice, again in line {key.start_mark.line + 1}")
            keys.add(name)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOLEAN, _DATE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF"))
