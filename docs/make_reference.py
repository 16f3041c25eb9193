"""Write docs/configuration.md and docs/data-model.md from the code: Pydantic models and schemas/*.yaml.

python docs/make_reference.py            write both files
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from navab.configuration import Configuration
from navab.lake.schema import Column, TableSchema, load_schema, schema_version, table_names
from navab.nations.registry import Nation
from navab.release.columns import release_columns
from navab.text.lexicon import Lexicon

DOCS = Path(__file__).resolve().parent
NOTICE = "<!-- Made by docs/make_reference.py from the code: change the code, then run the script. -->"

Schema = Mapping[str, Any]

READERS = """\
## Reading tables

Polars reads a table as it is, from a disk or from an object store. `scan_delta` reads only the columns and rows that
are asked for, `version=` gives an earlier version as far back as it is kept:

```python
import polars as pl

statements = pl.scan_delta("build/demo/lake/tables/statements")
standing = statements.filter(pl.col("rejected_reason").is_null() & pl.col("merged_into").is_null())
print(standing.group_by("nation").len().collect())
```

DuckDB reads the dataset that `deltalake` opens; nothing has to be downloaded for it. The name of a Python variable is
the name of a table:

```python
import duckdb
from deltalake import DeltaTable

triples = DeltaTable("build/demo/lake/tables/triples").to_pyarrow_dataset()
print(duckdb.sql("SELECT nation, split, count(*) FROM triples WHERE rejected_reason IS NULL GROUP BY ALL ORDER BY ALL"))
```

On S3 both take the address and the store's options; leave out the endpoint for AWS. Credentials come from the
environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`) or an instance role:

```python
options = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:8333", "AWS_ALLOW_HTTP": "true"}
statements = pl.scan_delta("s3://bucket/lake/tables/statements", storage_options=options)
triples = DeltaTable("s3://bucket/lake/tables/triples", storage_options=options).to_pyarrow_dataset()
```

Spark and Trino read the tables with their Delta Lake connectors (reader version 1, no table features)."""


def reference() -> dict[str, str]:
    """The generated pages by file name."""
    return {"configuration.md": configuration_page(), "data-model.md": data_model_page()}


def configuration_page() -> str:
    """All keys of a configuration, of a nation's data file and of a lexicon."""
    defaults = Configuration(lake="PATH").model_dump(mode="json")
    return "\n".join(
        [
            "# Configuration",
            "",
            NOTICE,
            "",
            "A configuration is one YAML file. `lake` is the only key that has no default. Unknown keys are refused,",
            "with exit code 2 and the list of keys that exist there. Any key can be set on the command line instead:",
            "`--set engine.max_statements=3`, repeated as often as needed; the value is read as YAML.",
            "",
            "Without `--config`, commands read `navab.yaml` in the current folder if there is one. Relative paths in a",
            "configuration are relative to the folder in which the command runs, not to the file.",
            "",
            "Credentials never stand in a configuration: they come from the environment (`AWS_ACCESS_KEY_ID`,",
            "`AWS_SECRET_ACCESS_KEY`), a profile or an instance role.",
            "",
            *_sections(Configuration),
            "## All defaults",
            "",
            "```yaml",
            yaml.safe_dump(defaults, sort_keys=False, allow_unicode=True, default_flow_style=None).rstrip(),
            "```",
            "",
            "## A nation's data file",
            "",
            "`<code>.yaml` in `nations_dir`, or `navab/nations/data/`; see [adding-a-country.md](adding-a-country.md).",
            "",
            *_sections(Nation, level=3),
            "## A lexicon",
            "",
            "`navab/text/lexicons/<language>.yaml`: all that the rules engine and the judge of contradictions know of",
            "a language.",
            "",
            *_sections(Lexicon, level=3),
        ]
    )


def data_model_page() -> str:
    """All tables of a lake and the columns of a release."""
    schemas = [load_schema(name) for name in table_names()]
    public = [schema for schema in schemas if not schema.internal]
    internal = [schema for schema in schemas if schema.internal]
    return "\n".join(
        [
            "# Data model",
            "",
            NOTICE,
            "",
            f"Schema version {schema_version()}. The declarations are `schemas/*.yaml`; code, tests and this page read",
            "them from there.",
            "",
            "Every table is a Delta Lake table at `<lake>/tables/<name>`.",
            "",
            "*Row* tables only grow; their key is the one given below together with `fingerprint`, a hash of what",
            "made the row. After a changed option or input, rows of an older fingerprint stay and are no longer",
            "current. *Snapshot* tables are replaced, one nation at a time. A row counts (it is *live*) if it is",
            "current, not rejected, and all rows that it was made from are live. `navab status` and releases count",
            "live rows; other readers of a table see all rows.",
            "",
            "A lake's `schema.json` says which schema version it has and how it came to it. A column that came with a",
            "later version is null in older rows; see [operating.md](operating.md#upgrades).",
            "",
            *READERS.splitlines(),
            "",
            "## Tables",
            "",
            *_index(public),
            "Internal tables, which may change without notice:",
            "",
            *_index(internal),
            *(line for schema in public + internal for line in _table(schema)),
            "## Columns of a release",
            "",
            "Shards at `<lake>/releases/<name>/data/<subset>/<nation>/<source_type>/<split>/part-*.arrow` (Arrow IPC",
            "files). `text` is there only with `release.include_text: true`.",
            "",
            *_columns(release_columns(include_text=True)),
        ]
    )


def _index(schemas: Sequence[TableSchema]) -> Iterator[str]:
    yield "| table | kind | key | holds |"
    yield "|---|---|---|---|"
    for one in schemas:
        yield f"| [{one.name}](#{one.name}) | {one.kind} | {_code(one.key)} | {_cell(one.description)} |"
    yield ""


def _sections(model: type[BaseModel], level: int = 2) -> Iterator[str]:
    """One table of keys for a model, then one for each model inside it."""
    schema = model.model_json_schema()
    yield from _keys(schema, schema, "")
    for path, inner in _inner(schema, schema["properties"], ""):
        yield f"{'#' * level} {path}"
        yield ""
        yield str(inner.get("description", ""))
        yield ""
        if inner.get("properties"):
            yield from _keys(schema, inner, path)


def _keys(root: Schema, section: Schema, path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in section["properties"].items():
        inner = _target(root, field)
        default = "required" if name in section.get("required", ()) else _default(field)
        meaning = field.get("description", inner.get("description", "") if inner else "")
        kind = f"[section](#{_anchor(prefix + name)})" if inner and "properties" in inner else _type(field)
        kind = f"list of [sections](#{_anchor(prefix + name)})" if inner and field.get("type") == "array" else kind
        yield f"| `{prefix}{name}` | {kind} | {default} | {_cell(str(meaning))} |"
    yield ""


def _inner(root: Schema, properties: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    for name, field in properties.items():
        inner = _target(root, field)
        if inner is not None:
            below = f"{path}.{name}" if path else name
            yield below, inner
            yield from _inner(root, inner.get("properties", {}), below)


def _target(root: Schema, field: Schema) -> Schema | None:
    """The model that a field refers to, directly, as a list or as an alternative to null."""
    for one in (field, field.get("items", {}), *field.get("allOf", ()), *field.get("anyOf", ())):
        if "$ref" in one:
            found: Schema = root["$defs"][one["$ref"].rpartition("/")[2]]
            return found
    return None


def _type(field: Schema) -> str:
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        fixed = field.get("prefixItems")
        inside = ", ".join(_type(one) for one in fixed) if fixed else _type(field.get("items", {}))
        return f"list of {inside}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    return _type_name(field) + _limits(field)


def _type_name(field: Schema) -> str:
    names = {"integer": "integer", "number": "number", "boolean": "true or false", "string": "text", "null": "null"}
    return names.get(str(field.get("type")), "section" if "$ref" in field else "any")


def _limits(field: Schema) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    found = [f"{word} {field[key]:g}" for key, word in words.items() if key in field]
    if "pattern" in field:
        found.append(f"matching `{_cell(field['pattern'])}`")
    return f", {', '.join(found)}" if found else ""


def _default(field: Schema) -> str:
    if "$ref" in field:
        return ""
    value = field.get("default")
    if value is None and "default" in field:
        return "none"
    shown = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).removesuffix("...\n").strip()
    return f"`{_cell(shown)}`" if value else "empty" if value in (None, "", [], {}) else f"`{shown}`"


def _table(schema: TableSchema) -> Iterator[str]:
    yield f"## {schema.name}"
    yield ""
    kind = {"row": "Row table", "snapshot": "Snapshot"}[schema.kind]
    yield f"{schema.description} {kind}{', internal' if schema.internal else ''}; key {_code(schema.key)}."
    yield ""
    yield from _columns(schema.columns)


def _columns(columns: Sequence[Column]) -> Iterator[str]:
    yield "| column | type | null | meaning |"
    yield "|---|---|---|---|"
    for column, name in _flat(columns):
        null = "may be null" if column.nullable else ""
        yield f"| `{name}` | {column.type} | {null} | {_cell(column.description)} |"
    yield ""


def _flat(columns: Sequence[Column], prefix: str = "") -> Iterator[tuple[Column, str]]:
    for column in columns:
        yield column, prefix + column.name
        yield from _flat(column.fields, f"{prefix}{column.name}[].")


def _anchor(path: str) -> str:
    """The anchor that Markdown viewers give a heading."""
    return path.lower().replace(".", "")


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(value: str) -> str:
    return " ".join(value.replace("|", "\\|").split())


def main() -> None:
    for name, content in reference().items():
        (DOCS / name).write_text(content.rstrip("\n") + "\n", "utf-8")
        print(DOCS / name)


if __name__ == "__main__":
    main()
