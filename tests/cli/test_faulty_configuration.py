"""What is wrong in a configuration is said at its place and in words; nobody repeats what stands there (P5).

Every file of the tables holds a canary where a secret stands, or where one lands by a slip. Each command looks at
it, and the canary must be in no byte that it writes.
"""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cli.invoking import invoke

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "Zq9xW4vB7nM2kJ5hG8fD"
NUMBER = "739215046182"
JOB = "version: 1\nsteps:\n  - fetch: {entity: Customers, key: [Id]}\n  - save: customers.csv\n"

COMMANDS = (
    *(("validate", "--format", form) for form in ("text", "json", "github", "sarif")),
    ("run", "job", "acme", "test"),
    ("run", "job", "acme", "test", "--json"),
    ("run", "job", "acme", "test", "--debug"),
    ("config", "acme", "test"),
    ("doctor", "acme", "test", "--offline"),
    ("doctor", "acme", "test", "--offline", "--json"),
    ("list",),
    ("show", "job", "acme", "test"),
    ("metadata", "acme", "test"),
)

REFUSED_SECRETS = {
    "missing comma": '{"az-token": "CANARY" "x": 1}',
    "missing colon": '{"az-token" "CANARY"}',
    "missing quote at the end": '{"az-token": "CANARY}',
    "missing quote at the start": '{"az-token": CANARY"}',
    "missing quote of the key": '{"az-token: "CANARY"}',
    "no quotes": '{"az-token": CANARY}',
    "single quotes": "{'az-token': 'CANARY'}",
    "typographic quotes": '{"az-token": \u201cCANARY\u201d}',
    "trailing comma": '{"az-token": "CANARY",}',
    "unclosed": '{"az-token": "CANARY"',
    "a comment": '{"az-token": "CANARY"} // CANARY',
    "a second document": '{"az-token": "CANARY"}\n{"az-token": "CANARY"}',
    "bad escape": '{"az-token": "CANARY\\q"}',
    "bad escape of a letter": '{"az-token": "CANARY\\u12"}',
    "a tab": '{"az-token": "CANARY\t"}',
    "a line break": '{"az-token": "CANARY\n"}',
    "duplicate key": '{"az-token": "CANARY", "az-token": "CANARY"}',
    "duplicate canary": '{"CANARY": "az-tok", "CANARY": "az-tok"}',
    "misspelt key": '{"azz-token": "CANARY"}',
    "key in another case": '{"azToken": "CANARY"}',
    "reserved key": '{"token": "CANARY"}',
    "reserved key, indented": '{\n  "token": "CANARY"\n}',
    "empty key": '{"": "CANARY"}',
    "swapped": '{"CANARY": "az-token"}',
    "the secret as key": '{"CANARY": "of the service"}',
    "a number": '{"az-token": NUMBER}',
    "a bad number": '{"az-token": 0NUMBER}',
    "a number that is none": '{"az-token": NUMBERx}',
    "a list": '{"az-token": ["CANARY"]}',
    "an object": '{"az-token": {"value": "CANARY"}}',
    "not an object": '["CANARY"]',
    "a text alone": '"CANARY"',
    "the secret alone": "CANARY",
    "an env file": "AZ_TOKEN=CANARY",
    "a line break inside": '{"az-token": "CANARY\\nCANARY"}',
    "a letter that no header carries": '{"az-token": "\u0141\u00f3d\u017aCANARY"}',
    "too deep": '{"az-token": ' + "[" * 60 + '"CANARY"' + "]" * 60 + "}",
    "a BOM of two bytes": "\ufffe",
}
ACCEPTED_SECRETS = {
    "a short one beside": '{"az-token": "CANARY", "other-pin": "abc"}',
    "a line break at the end": '{"az-token": "CANARY\\n"}',
    "one of nobody": '{"az-token": "CANARY", "client-id": "CANARY"}',
    "a BOM": '\ufeff{"az-token": "CANARY"}',
}
REFUSED_MAIN = {
    "in global": '{"global": {BASE, "az-token": "CANARY"}}',
    "as number": '{"global": {BASE, "az-token": NUMBER}}',
    "as list": '{"global": {BASE, "az-token": ["CANARY"]}}',
    "as object": '{"global": {BASE, "az-token": {"value": "CANARY"}}}',
    "as key": '{"global": {BASE, "CANARY": 1}}',
    "as section": '{"CANARY": {}, "global": {BASE}}',
    "as number of a section": '{"global": {BASE}, "my-mail": {"password": NUMBER}}',
    "as object of a section": '{"global": {BASE}, "my-mail": {"password": {"value": "CANARY"}}}',
    "as text at the top": '{"global": {BASE}, "CANARY": "CANARY"}',
    "as credential": '{"global": {BASE, "auth": "CANARY"}}',
    "as credential in small letters": '{"global": {BASE, "auth": "canary"}}',
    "as type": '{"global": {BASE, "auth": {"type": "CANARY"}}}',
    "as name of a service": '{"global": {BASE}, "apis": {"CANARY": {}}}',
    "as name of a number": '{"global": {BASE}, "apis": {"canary": 5}}',
    "as name of an environment that is none": '{"global": {BASE}, "environments": {"CANARY": 5}}',
    "as environment": '{"global": {BASE}, "environments": {"a-CANARY": {}}}',
    "as user of the address": '{"global": {"api-base-url": "https://bob:CANARY@x.example"}}',
    "as query of the address": '{"global": {"api-base-url": "https://x.example?sig=CANARY"}}',
    "as address": '{"global": {"api-base-url": "CANARY"}}',
    "as address that is nearly one": '{"global": {"api-base-url": "CANARY.example/CANARY"}}',
    "in a clear address": '{"global": {"api-base-url": "http://x.example/CANARY", "auth": {"type": "bearer"}}}',
    "as header": '{"global": {BASE}, "my-hook": {"header": "Bearer CANARY"}}',
    "as signed address": '{"global": {BASE}, "my-hook": {"url": "https://x.example/h?code=CANARY"}}',
    "as limit": '{"global": {BASE}, "script-behavior": {"retry-strategy": {"max-retries": "CANARY"}}}',
    "missing comma": '{"global": {BASE, "az-token": "CANARY" "x": 1}}',
    "trailing comma": '{"global": {BASE, "az-token": "CANARY",}}',
    "single quotes": "{'global': {'az-token': 'CANARY'}}",
    "no quotes": '{"global": {BASE, "az-token": CANARY}}',
    "no quotes, as key": '{"global": {BASE, CANARY: 1}}',
    "a number that is none": '{"global": {BASE, "az-token": -CANARY}}',
    "bad escape": '{"global": {BASE, "az-token": "CANARY\\q"}}',
    "duplicate key": '{"global": {BASE, "az-token": "CANARY", "az-token": "CANARY"}}',
    "duplicate canary": '{"global": {BASE}, "my-mail": {"CANARY": 1, "CANARY": 2}}',
    "a keyword of one's own": '{"global": {BASE}, "my-pin": {"pin": "CANARY"}}',
    "another keyword of one's own": '{"global": {BASE}, "my-pin": {"one-of": "CANARY"}}',
    "as name in a map of one's own": '{"global": {BASE}, "my-pin-map": {"canary": "x"}}',
    "not an object": '["CANARY"]',
    "unclosed": '{"global": {BASE, "az-token": "CANARY"',
}
OWN_SCHEMA = {
    "properties": {
        "my-pin": {
            "properties": {"pin": {"maxLength": 4}, "one-of": {"anyOf": [{"const": 1}, {"const": 2}]}}
        },
        "my-pin-map": {"additionalProperties": {"type": "integer", "examples": [1]}},
    }
}


class Place(NamedTuple):
    root: Path
    config: Path

    def write(self, *, main: str, secrets: str | None) -> None:
        """Write both files with the canary where the table names it."""
        base = '"api-base-url": "http://127.0.0.1:1"'  # nothing listens there
        for name, text in (("acme-test-config.json", main), ("acme-test-config-secrets.json", secrets)):
            if text is not None:
                filled = text.replace("CANARY", CANARY).replace("canary", CANARY.lower())
                path = self.config / name
                path.write_text(filled.replace("NUMBER", NUMBER).replace("BASE", base), encoding="utf-8")
                path.chmod(0o600)

    def told(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and all that it left anywhere but in the configuration."""
        done = invoke("-w", str(self.root), *arguments)
        files = [path for path in self.root.rglob("*") if path.is_file() and self.config not in path.parents]
        left = [f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files]
        return done.code, "\n".join([done.out, done.err, *left])


MAIN = '{"global": {BASE, "auth": {"type": "bearer"}}, "script-behavior": {"retry-strategy": {"max-retries": 0}}}'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("jobs", "config", "schemas", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "jobs" / "job.yaml").write_text(JOB, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))  # where a bug would be told
    return Place(tmp_path, tmp_path / "config")


def _hidden(text: str) -> bool:
    return not any(each in text.lower() for each in (CANARY.lower(), CANARY.lower()[:10], NUMBER))


def _sweep(place: Place, *, refused: bool) -> None:
    for command in COMMANDS:
        code, told = place.told(*command)
        assert _hidden(told), f"{command}: {told}"
        assert code != 70, told
        if refused and command[0] not in ("list", "show", "config", "metadata"):
            assert code == 2, f"{command}: {told}"
        if command[0] == "validate":
            assert (code == 2) == refused, told


@pytest.mark.parametrize("text", REFUSED_SECRETS.values(), ids=REFUSED_SECRETS.keys())
def test_p5_a_faulty_secrets_file_shows_no_secret_to_any_command(place: Place, text: str) -> None:
    place.write(main=MAIN, secrets=text)
    _sweep(place, refused=True)


@pytest.mark.parametrize("text", ACCEPTED_SECRETS.values(), ids=ACCEPTED_SECRETS.keys())
def test_p5_a_secrets_file_with_a_warning_shows_no_secret_to_any_command(place: Place, text: str) -> None:
    place.write(main=MAIN, secrets=text)
    _sweep(place, refused=False)


@pytest.mark.parametrize("text", REFUSED_MAIN.values(), ids=REFUSED_MAIN.keys())
def test_p5_a_secret_in_the_main_file_is_shown_by_no_command(place: Place, text: str) -> None:
    place.write(main=text, secrets='{"az-token": "another-one-1"}')
    if "my-pin" in text:
        schema = place.root / "schemas" / "org-env-config-schema.json"
        schema.write_text(json.dumps(OWN_SCHEMA), encoding="utf-8")
    _sweep(place, refused=True)
