"""Configuration: what is wrong is said in one line that names the key."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from navab.configuration import Configuration, load_configuration
from navab.errors import ConfigurationError


def load(folder: Path, content: str | bytes, *settings: str) -> Configuration:
    path = folder / "navab.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_configuration(path, settings)


def complaint(folder: Path, content: str | bytes, *settings: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, content, *settings)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_lake_is_enough(tmp_path: Path) -> None:
    configuration = load(tmp_path, "lake: there\n")
    assert configuration.lake == "there"
    assert configuration.nations == ()  # all that navab knows
    assert (configuration.engine.kind, configuration.embedder.kind) == ("rules", "use")
    assert (configuration.tolerance, configuration.triples.test_share) == (0.05, 0.2)
    assert configuration.release.include_text is False


def test_the_contracts_keys_are_there() -> None:
    expected = {
        "": "lake storage nations sources tolerance seed language dedup topics screening engine embedder conflicts "
        "triples release evaluation alignment gates resources",
        "storage": "endpoint_url region",
        "language": "model min_confidence min_chars",
        "embedder": "kind model",
        "screening": "keep",
        "engine": "kind model",
        "conflicts": "enabled",
        "triples": "test_share",
        "release": "name include_text",
    }
    for section, keys in expected.items():
        model = Configuration.model_fields[section].annotation if section else Configuration
        assert set(keys.split()) <= set(model.model_fields)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("lake: x\ncolour: red", "unknown key 'colour': known keys there are alignment, articles, conflicts,"),
        ("lake: x\nengine: {name: y}", "unknown key 'engine.name': known keys there are chat_template_kwargs"),
        ("lake: x\nsources: [{path: a, columns: {body: b}}]", "'sources.0.columns.body': known keys there are id, lic"),
        ("lake: x\nsources: [{pth: a}]", "unknown key 'sources.0.pth': known keys there are columns, crawl"),
        ("lake: x\nengine: {kind: gpt}", "engine.kind: Input should be 'rules', 'vllm' or 'http'"),
        ("lake: x\ntolerance: 7", "tolerance: Input should be less than or equal to 1"),
        ("lake: x\ntolerance: much", "tolerance: Input should be a valid number"),
        ("lake: x\nnations: [[uk]]", "nations.0: Input should be a valid string"),
        ("lake: x\nnations: uk", "nations: must be a list, as in [one, two]"),
        ("lake: x\nsources: {path: a}", "sources: must be a list"),
        ("lake: x\nengine: rules", "engine: must be a section: keys and values, indented below it"),
        ("lake: x\nrelease:", "release: must be a section"),
        ("lake: x\nseed: 1\nlake: y", "key 'lake' is written twice, again in line 3"),
        ("lake: x\nengine:\n  model: a\n  model: b", "key 'model' is written twice, again in line 4"),
        ("lake: [a]", "lake: Input should be a valid string"),
        ("lake: ''", "lake: String should have at least 1 character"),
        ("lake: x\nrelease: {name: ../up}", "release.name: String should match pattern"),
        ("lake: x\n1: 2", "1"),
        ("lake: x\na: 1\nb: 2\nc: 3", "unknown key 'a'"),
        ("lake: x\na: 1\nb: 2\nc: 3", "(and 2 more)"),
        ("nations: [cn]", "no lake is named: add 'lake: PATH'"),
        ("", "must be a mapping"),
        ("- lake", "must be a mapping"),
        ("lake: [", "is not YAML: while parsing"),
        ("lake: !!int x", "is not YAML"),
        ("lake: !!python/object/apply:os.system [true]", "is not YAML"),
        (b"lake: \xff", "cannot be read"),
        (b"lake: a\x00b", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: str | bytes, words: str) -> None:
    message = complaint(tmp_path, content)
    assert words in message
    assert "navab.yaml" in message or "no lake" in message


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"configuration .*none\.yaml does not exist"):
        load_configuration(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*Is a directory"):
        load_configuration(tmp_path)


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("lake=s3://bucket/a=b", ("lake",), "s3://bucket/a=b"),
        ("seed=7", ("seed",), 7),
        ("tolerance=0.5", ("tolerance",), 0.5),
        ("conflicts.enabled=false", ("conflicts", "enabled"), False),
        ("nations=[fr, de]", ("nations",), ("fr", "de")),
        ("release.name=2026-11-05", ("release", "name"), "2026-11-05"),
        ("release.name=2026-13-45", ("release", "name"), "2026-13-45"),
        ("release.name=on", ("release", "name"), "on"),
        ("nations=[no, de]", ("nations",), ("no", "de")),
        ("engine.model=", ("engine", "model"), None),
        ("engine.model=a: b: c", ("engine", "model"), "a: b: c"),
        ("engine.model={", ("engine", "model"), "{"),
    ],
)
def test_settings_override_the_file(tmp_path: Path, setting: str, key: tuple[str, ...], value: object) -> None:
    found: object = load(tmp_path, "lake: there\nseed: 1\nconflicts: {neighbors: 3}\n", setting)
    for part in key:
        found = getattr(found, part)
    assert found == value


def test_settings_leave_their_neighbours_alone_and_the_last_one_wins(tmp_path: Path) -> None:
    content = "lake: there\nconflicts: {neighbors: 3}\n"
    configuration = load(tmp_path, content, "conflicts.enabled=false", "seed=1", "seed=2")
    assert configuration.conflicts.neighbors == 3
    assert configuration.seed == 2


def test_settings_alone_are_a_configuration() -> None:
    assert load_configuration(None, ["lake=there"]).lake == "there"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("seed", "--set seed: write key.sub=value"),
        ("=7", "--set =7: write key.sub=value"),
        ("lake.sub=7", "--set lake.sub=7: 'lake' is not a section"),
        ("sources.0.path=x", "'sources' is not a section"),
        ("engine.kid=rules", "unknown key 'engine.kid': known keys there are chat_template_kwargs"),
        ("seed=many", "seed: Input should be a valid integer"),
        ("engine=", "engine: must be a section"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str, words: str) -> None:
    assert words in complaint(tmp_path, "lake: there\nsources: []\n", setting)


def test_crawls_may_be_named_by_dates(tmp_path: Path) -> None:
    configuration = load(tmp_path, "lake: x\nsources: [{path: a.jsonl, crawl: 2026-11-05}]")
    assert configuration.sources[0].crawl == "2026-11-05"


@given(st.text(), st.text())
def test_any_setting_is_taken_or_named(key: str, value: str) -> None:
    try:
        load_configuration(None, ["lake=x", f"{key}={value}"])
    except ConfigurationError as error:
        assert str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*Configuration.model_fields, "kind", "model", "path", "columns"]), inner, max_size=4
            )
        ),
        max_leaves=8,
    )
)
def test_any_yaml_is_taken_or_named(document: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "navab.yaml"
        path.write_text(yaml.safe_dump(document), "utf-8")
        try:
            load_configuration(path)
        except ConfigurationError as error:
            assert str(error)


@pytest.mark.parametrize("key", ["lake=s3://key:{}@bucket/lake", "storage.endpoint_url=https://key:{}@s3.example.org"])
def test_credentials_in_an_address_are_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigurationError, match="must not hold credentials") as error:
        load_configuration(None, ["lake=lake", key.format("top-secret")])
    assert "top-secret" not in str(error.value)
    sources = "sources=[{path: 's3://key:top-secret@bucket/*.jsonl'}]"
    with pytest.raises(ConfigurationError, match=r"sources\.0\.path: .* must not hold credentials") as error:
        load_configuration(None, ["lake=lake", sources])
    assert "top-secret" not in str(error.value)
