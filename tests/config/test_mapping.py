"""A configuration is a dict that fails hard and does not show its secrets."""

from __future__ import annotations

import copy
import io
import json
import pickle
import pprint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.config import Config, Section
from txojobs.config.origins import Origins
from txojobs.errors import HelpfulError, MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "c4n4ry-secret"
ORIGINS = Origins(
    org="acme",
    env="prod",
    file="config/acme-prod-config.json",
    text="{}",
    secrets_path=Path("config/acme-prod-config-secrets.json"),
    secrets_file="config/acme-prod-config-secrets.json",
)


def config_of(**members: Any) -> Config:
    config = Config(members, file="config/acme-prod-config.json", origins=ORIGINS)
    config.add_secret("_client_secret", SECRET)
    return config


def test_g2_a_missing_key_names_file_path_and_nearest_key() -> None:
    config = config_of(**{"global": {"api-base-url": "https://x.example"}})
    with pytest.raises(MissingKeyError) as caught:
        config["global"]["api-base-ulr"]
    err = caught.value
    assert isinstance(err, KeyError)
    assert isinstance(err, HelpfulError)
    assert str(err) == "config/acme-prod-config.json has no 'global.api-base-ulr'"
    assert "did you mean 'api-base-url'?" in (err.how_to_fix or "")
    assert "the section 'global'" in (err.how_to_fix or "")


def test_g2_an_example_shows_where_the_key_goes() -> None:
    with pytest.raises(MissingKeyError) as caught:
        config_of(**{"global": {}})["global"]["api-base-url"]
    assert caught.value.example == '"global": {"api-base-url": "https://api.example.com"}'


def test_g2_fails_hard_at_every_level_and_in_lists() -> None:
    config = config_of(my={"deep": {"list": [{"a": 1}]}})
    reads: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: config["no"], "'no'"),
        (lambda: config["my"]["no"], "'my.no'"),
        (lambda: config["my"]["deep"]["no"], "'my.deep.no'"),
        (lambda: config["my"]["deep"]["list"][0]["no"], "'my.deep.list[0].no'"),
        (lambda: config.pop("no"), "'no'"),
    )
    for read, path in reads:
        with pytest.raises(MissingKeyError, match=path.replace("[", r"\[")):
            read()
    with pytest.raises(MissingKeyError):
        del config["no"]


def test_g2_get_stays_soft() -> None:
    config = config_of(**{"global": {}})
    assert config.get("no") is None
    assert config["global"].get("no", 5) == 5
    assert config.get("_client_secret") == SECRET


def test_g3_a_missing_secret_names_file_and_variable() -> None:
    with pytest.raises(MissingKeyError) as caught:
        config_of()["_api_key"]
    assert "'api-key' for acme-prod" in str(caught.value)
    assert "config/acme-prod-config-secrets.json" in (caught.value.how_to_fix or "")
    assert "TXO_ACME_PROD_API_KEY" in (caught.value.how_to_fix or "")


def test_p5_whoever_takes_everything_sees_no_secret() -> None:
    config = config_of(**{"global": {"client-secret": SECRET}})  # as an unchecked file may have it
    config["_token"] = SECRET
    printed = io.StringIO()
    pprint.PrettyPrinter(stream=printed).pprint(config)
    texts = [repr(config), str(config), f"{config}", repr([config]), "%s" % config, printed.getvalue()]  # noqa: UP031
    assert all(SECRET not in text for text in texts)
    del config["global"]
    texts = [json.dumps(config), json.dumps(config, indent=1), msgspec.json.encode(config).decode()]
    texts += [repr(list(config.items())), repr(list(config.values()))]
    assert all(SECRET not in text and "***" in text for text in texts)


def given_by_name(*, _client_secret: str, **_: Any) -> str:
    return _client_secret


def test_p5_whoever_names_a_secret_gets_it() -> None:
    config = config_of(a=1)
    assert config["_client_secret"] == SECRET
    assert type(config["_client_secret"]) is str
    assert dict(config) == {"a": 1, "_client_secret": SECRET}
    assert {**config}["_client_secret"] == SECRET
    assert given_by_name(**config) == SECRET
    assert (config | {"b": 2})["_client_secret"] == SECRET
    assert ({"b": 2} | config)["_client_secret"] == SECRET
    assert SECRET not in repr(config | {"b": 2})


def test_a_token_that_is_injected_later_hides_too() -> None:
    config = config_of()
    config["_token"] = "Bearer t0ken-value"
    config["_batch_size"] = 100
    assert config["_token"] == "Bearer t0ken-value"
    assert "t0ken" not in repr(config)
    assert "'_batch_size': 100" in repr(config)
    assert sorted(config.secret_values()) == ["Bearer t0ken-value", SECRET]


def test_a_redactor_learns_secrets_of_an_unchecked_main_file_too() -> None:
    config = config_of(my=[{"db-password": "hunter2-x"}])
    assert sorted(config.secret_values()) == [SECRET, "hunter2-x"]


@pytest.mark.parametrize(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        Config.copy,
        *(lambda c, p=p: pickle.loads(pickle.dumps(c, p)) for p in range(6)),
    ],
)
def test_copies_and_pickles_are_whole(again: Any) -> None:
    config = config_of(**{"global": {"a": {"b": [1]}}})
    twin = again(config)
    assert type(twin) is Config
    assert twin == config
    assert twin["_client_secret"] == SECRET
    assert SECRET not in repr(twin)
    assert type(twin["global"]["a"]) is Section
    with pytest.raises(MissingKeyError, match=r"acme-prod-config\.json has no 'global\.a\.x'"):
        twin["global"]["a"]["x"]
    twin["_client_secret"] = "other-secret"
    assert config["_client_secret"] == SECRET


def test_a_section_copies_as_a_section() -> None:
    section = config_of(**{"global": {"a": 1}})["global"]
    for twin in (
        section.copy(),
        copy.copy(section),
        copy.deepcopy(section),
        pickle.loads(pickle.dumps(section)),
    ):
        assert twin == {"a": 1}
        with pytest.raises(MissingKeyError, match=r"global\.x"):
            twin["x"]


keys = st.sampled_from(["global", "a", "_token", "_client_secret", "_x", "_api_key", "b-c"])
values = st.integers() | st.text() | st.none() | st.lists(st.integers(), max_size=2)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("set"), keys, values),
        st.tuples(st.just("del"), keys, values),
        st.tuples(st.just("pop"), keys, values),
        st.tuples(st.just("setdefault"), keys, values),
        st.tuples(st.just("update"), keys, values),
        st.tuples(st.just("ior"), keys, values),
        st.tuples(st.just("popitem"), keys, values),
        st.tuples(st.just("clear"), keys, values),
    ),
    max_size=12,
)


def move(target: dict[str, Any], what: str, key: str, value: Any) -> Any:
    if what == "set":
        target[key] = value
    elif what == "del":
        target.pop(key, None)
    elif what == "pop":
        return target.pop(key, "nothing")
    elif what == "setdefault":
        return target.setdefault(key, value)
    elif what == "update":
        target.update({key: value}, more=1)
    elif what == "ior":
        target |= {key: value}
    elif what == "popitem":
        return target.popitem() if target else None
    else:
        target.clear()
    return None


@given(start=st.dictionaries(keys, values), moves=moves)
def test_behaves_like_a_dict(start: dict[str, Any], moves: list[tuple[str, str, Any]]) -> None:
    plain = {**start}
    config = Config({}, file="f", origins=ORIGINS)
    config.update(start)
    for what, key, value in moves:
        assert move(config, what, key, value) == move(plain, what, key, value)
        assert config == plain
        assert (config != plain) is False
        assert dict(config) == plain
        assert list(config) == list(plain) == list(config.keys())
        assert len(config) == len(plain)
        assert all(config[name] == plain[name] and config.get(name) == plain[name] for name in plain)
        assert ("a" in config) == ("a" in plain)
        assert bool(config) == bool(plain)
        assert pickle.loads(pickle.dumps(config)) == plain
