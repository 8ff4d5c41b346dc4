"""Whatever points elsewhere, however it is spelt, whatever the credential: the other server sees no connection.

The last tests are the control: with the other origin trusted by name each kind of link does reach it, with the
credential. So the matrix shows the guard, and not that nothing follows links at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import answer, by_target, page, redirect, says
from tests.rest.reading import read
from tests.rest.test_origin import CREDENTIALS, evil_links
from txojobs.errors import TxoBaseError
from txojobs.rest.factory import create_rest_api
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def more_links(good: FaultServer, evil: FaultServer) -> dict[str, str]:
    """Further spellings; those of headers lose what HTTP takes away, such as blanks around them."""
    at = f"127.0.0.1:{evil.port}"
    return {
        "an empty user": f"http://@{at}/x",
        "an encoded at": f"http://127.0.0.1:{good.port}%40{at}/x",
        "an encoded slash": f"http://127.0.0.1:{good.port}%2f@{at}/x",
        "an encoded host": f"http://%31%32%37.0.0.1:{evil.port}/x",
        "digits in full width": f"http://\uff11\uff12\uff17.0.0.1:{evil.port}/x",
        "stops that are none": f"http://127\u30020\u30020\u30021:{evil.port}/x",
        "a stop at the end": f"http://127.0.0.1.:{evil.port}/x",
        "octal": f"http://0177.0.0.1:{evil.port}/x",
        "hexadecimal": f"http://0x7f000001:{evil.port}/x",
        "any address": f"http://0.0.0.0:{evil.port}/x",
        "as version 6": f"http://[::ffff:127.0.0.1]:{evil.port}/x",
        "three slashes": f"///{at}/x",
        "four slashes": f"////{at}/x",
        "one slash": f"http:/{at}/x",
        "a query at once": f"http://{at}?@127.0.0.1:{good.port}/x",
        "a tab inside": f"ht\ttp://{at}/x",
        "a tab in the host": f"http://127.0.0.1\t:{evil.port}/x",
        "mixed case": f"hTtP://{at}/x",
        "backslashes for slashes": f"http:\\\\{at}\\x",
        "only backslashes": f"\\\\{at}\\x",
        "a good host as prefix": f"http://127.0.0.1.evil.invalid:{evil.port}/x",
        "a good port as prefix": f"http://127.0.0.1:{good.port}.evil.invalid/x",
        "no host": "http:///x",
        "a port that is none": "http://127.0.0.1:99999/x",
        "bytes that are no text": "http://\udcff:1/x",
        "javascript": "javascript:alert(1)",
        "data": "data:application/json,{}",
        "the metadata service": "http://169.254.169.254/latest",
    }


def all_links(good: FaultServer, evil: FaultServer) -> dict[str, str]:
    return {**evil_links(good, evil), **more_links(good, evil)}


Ask = Any  # a function of the client


def header(name: str, status: int) -> Callable[[str], list[Step]]:
    def script(link: str) -> list[Step]:
        sent = link.encode("utf-8", "surrogateescape").decode("latin-1")
        return [answer(status, b"", **{name: sent})]

    return script


def get(client: TxoRestAPI, _: str) -> Any:
    return client.get("/start")


def post(client: TxoRestAPI, _: str) -> Any:
    return client.post("/start", {"secret": "canary"})


def read_all(client: TxoRestAPI, _: str) -> Any:
    return read(client, keep_annotations=False)


WITH_ENTITY: dict[str, Any] = {"Orders": [{"No": "1"}]}
KINDS: dict[str, tuple[Callable[[str], list[Step]], Callable[[TxoRestAPI, str], Any]]] = {
    "nextLink": (lambda link: [page({"No": "1"}, next_link=link)], read_all),
    "nextLink of 4.01": (lambda link: [says({"value": [], "@nextLink": link})], read_all),
    "nextLink of an expanded collection": (
        lambda link: [page({**WITH_ENTITY, "Orders@odata.nextLink": link})],
        read_all,
    ),
    "context": (
        lambda link: [page({"No": "1"}, next_link="C?t=1", odata_context=f"{link}/$metadata#C")],
        read_all,
    ),
    "deltaLink": (lambda link: [page({"No": "1"}, odata_deltaLink=link)], read_all),
    "Location of 202": (header("Location", 202), post),
    "Operation-Location of 202": (header("Operation-Location", 202), post),
    "Azure-AsyncOperation of 202": (header("Azure-AsyncOperation", 202), post),
    "Location of 303": (
        lambda link: [answer(202, b"", Location="/jobs/1"), *header("Location", 303)(link)],
        post,
    ),
    "Location of a later 202": (
        lambda link: [answer(202, b"", Location="/jobs/1"), *header("Location", 202)(link)],
        post,
    ),
    **{
        f"redirect {status} of {ask.__name__}": (header("Location", status), ask)
        for status in (301, 302, 303, 307, 308)
        for ask in (get, post)
    },
    "an address that is given": (lambda _: [answer(404)], lambda client, link: client.get(link)),
    "an operation to go on from": (lambda _: [answer(404)], lambda client, link: client.resume(link)),
    "a base address that is given": (
        lambda _: [answer(404)],
        lambda client, link: client.get_odata_entities(base_url=link, entity_name="C"),
    ),
}
QUIET = {"deltaLink"}
"""A link that nothing follows, so that it is no error either."""


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("kind", KINDS)
def test_p5_nothing_that_points_elsewhere_is_followed(
    kind: str, credential: str, serve: Serve, connect: Connect
) -> None:
    script, ask = KINDS[kind]
    evil, good = serve(says({"value": []})), serve(answer(404))
    followed, silent, told = [], [], []
    for spelling, link in all_links(good, evil).items():
        good.script[:] = [*script(link), answer(404)]
        client = connect(good, auth=CREDENTIALS[credential])
        try:
            ask(client, link)
            silent += [spelling] if kind not in QUIET else []
        except TxoBaseError as err:
            told.append(f"{err!r} {err.how_to_fix} {err.example}")
        if evil.connections:
            followed.append(spelling)
            evil.connections = 0
    assert not followed
    assert not silent, "each of them is told"
    assert "canary" not in str(told)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in QUIET])
def test_a_cookie_is_not_carried_elsewhere(kind: str, serve: Serve, connect: Connect) -> None:
    script, ask = KINDS[kind]
    evil = serve(says({"value": []}))
    good = serve(says({}, Set_Cookie="session=canary; Path=/"))
    client = connect(good)
    client.get("/login")
    good.script[:] = [*script(f"{evil.url}/x"), answer(404)]
    with pytest.raises(TxoBaseError):
        ask(client, f"{evil.url}/x")
    assert evil.connections == 0


# ---- the control

FOLLOWED = [kind for kind in KINDS if kind not in QUIET and ("redirect" not in kind or kind in (
    "redirect 307 of get", "redirect 308 of get"))]  # fmt: skip


@pytest.mark.parametrize("kind", FOLLOWED)
def test_an_origin_that_is_trusted_by_name_is_asked_with_the_credential(kind: str, serve: Serve) -> None:
    script, ask = KINDS[kind]
    evil = serve(
        by_target(
            {
                target: page({"No": "2"})
                for target in ("/x", "/x/C", "/C", "/x/$metadata", "/C?t=1", "/x/C?t=1", "/x/C?$count=true")
            }
        )
    )
    good = serve(answer(404))
    good.script[:] = [*script(f"{evil.url}/x"), answer(404)]
    config = {
        "global": {"api-base-url": good.url, "auth": {"type": "bearer"}, "trusted-origins": [evil.url]},
        "script-behavior": {"api-timeouts": {"async-poll-interval": 0.01}},
        "_az_token": "canary",
    }
    client = create_rest_api(config)
    ask(client, f"{evil.url}/x")
    client.close()
    assert evil.connections == 1, "so the tests above show the guard and nothing else"
    assert evil.requests[0].headers["authorization"] == "Bearer canary"


@pytest.mark.parametrize("kind", FOLLOWED)
def test_trust_is_for_one_scheme_host_and_port(kind: str, serve: Serve, connect: Connect) -> None:
    script, ask = KINDS[kind]
    evil, good = serve(says({"value": []})), serve(answer(404))
    good.script[:] = [*script(f"{evil.url}/x"), answer(404)]
    near = (f"https://127.0.0.1:{evil.port}", f"http://localhost:{evil.port}", "http://127.0.0.1:1")
    with pytest.raises(TxoBaseError):
        ask(
            connect(good, trusted_origins=near, auth=AuthSettings(type="bearer", secret="t")), f"{evil.url}/x"
        )
    assert evil.connections == 0


def test_redirects_stay_unfollowed_where_they_could_change_something_also_to_a_trusted_origin(
    serve: Serve, connect: Connect
) -> None:
    trusted = serve(says({}))
    for status in (301, 302, 303, 307, 308):
        good = serve(redirect(status, f"{trusted.url}/x"))
        with pytest.raises(TxoBaseError, match="redirected"):
            connect(good, trusted_origins=(trusted.url,)).post("/a", {"body": "canary"})
    assert trusted.connections == 0
