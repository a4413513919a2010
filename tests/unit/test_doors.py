"""The doors of the server, asked as a browser, a script or another site would ask."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from aecore import access
from aecore.access import sessions, tokens
from dashboard.server import people, sign_in, uploads
from dashboard.server.doors import Doors
from dashboard.server.start import what_is_open
from tests.helpers.asyncs import run

MB = uploads.MB


async def _inner(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": [(b"x-inner", b"1")]})
    await send({"type": "http.response.body", "body": b""})


def ask(method: str, path: str, body: bytes = b"", app=_inner, query: str = "", **headers: str):
    """The status, headers and body of the answer."""
    sent: list[dict] = []
    given_headers = {"host": "lab.example", "content-length": str(len(body))} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "scheme": "http",
        "client": ("203.0.113.9", 1),
        "headers": [(name.encode(), text.encode()) for name, text in given_headers.items() if text],
    }

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    run(Doors(app)(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def post(path: str, headers: dict[str, str] | None = None, **fields: str):
    body = urlencode(fields).encode()
    return ask("POST", path, body, content_type="application/x-www-form-urlencoded", **(headers or {}))


@pytest.fixture(autouse=True)
def no_attempts(store):
    sign_in.attempts.failed.clear()


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/lab/_stcore/metrics", "/_stcore/metrics/"])
def test_the_metrics_are_closed(path):
    assert ask("GET", path)[0] == 404
    assert ask("OPTIONS", path)[0] == 404


@pytest.mark.parametrize(
    ("path", "leads"),
    [("/denoise", "restore"), ("/denoise/", "../restore"), ("/lab/denoise", "restore")],
)
def test_an_old_address_leads_to_the_page_that_was_renamed(path, leads):
    status, headers, _ = ask("GET", path)
    assert (status, headers["location"]) == (307, leads)
    assert ask("HEAD", path)[0] == 307
    assert ask("GET", path + "r")[0] == 204
    status, headers, _ = ask("GET", path, query="run=a-b&noise=gaussian%3A0.3%2Bsquare%3A8")
    assert headers["location"] == f"{leads}?run=a-b&noise=gaussian%3A0.3%2Bsquare%3A8"


def test_every_answer_forbids_what_comes_from_elsewhere():
    status, headers, _ = ask("GET", "/restore")
    assert status == 204
    assert headers["x-inner"] == "1"
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'self'"
    for kind in ("img-src", "script-src", "style-src", "font-src", "media-src"):
        assert "http" not in rules[kind]
        assert "*" not in rules[kind]
    assert rules["object-src"] == "'none'"
    assert "'self'" in rules["frame-ancestors"]
    assert headers["x-content-type-options"] == "nosniff"


# ---- signing in ----------------------------------------------------------------------------------


def session_of(headers: dict[str, str]) -> str:
    return headers["set-cookie"].partition("aecore_session=")[2].partition(";")[0]


def test_a_token_becomes_a_cookie_that_scripts_cannot_read(store):
    text, token = tokens.new_token("train", "Ada")
    status, headers, _ = post("/signin", token=text, next="/latent?run=x&signin=wrong")
    assert (status, headers["location"]) == (303, "/latent?run=x")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert text not in cookie
    assert people.with_cookie(session_of(headers)) == access.Person("Ada", "train")
    status, headers, _ = post("/signin", {"x_forwarded_proto": "https"}, token=text)
    assert "Secure" in headers["set-cookie"]
    kept = session_of(headers)
    status, headers, _ = post("/signout", {"cookie": f"aecore_session={kept}"})
    assert (status, headers["location"], session_of(headers).strip('"')) == (303, "/", "")
    assert people.with_cookie(kept) is None, "a copy of the cookie is worth nothing after signing out"
    tokens.remove_token(token.id)
    access_now = people.access()
    assert access_now
    assert people.with_cookie(sessions.begin(access_now, token, "")) is None


def test_a_shared_token_asks_for_a_name(store):
    text, _ = tokens.new_token("look")
    assert post("/signin", token=text)[1]["location"] == "/?signin=name"
    assert post("/signin", token=text, name="visitor\x00")[1]["location"] == "/?signin=name"
    headers = post("/signin", token=text, name=" Bo  B ")[1]
    assert people.with_cookie(session_of(headers)) == access.Person("Bo B", "look")


def test_a_wrong_token_leads_back_and_many_have_to_wait(store):
    text, _ = tokens.new_token("manage", "Ada")
    for _ in range(sign_in.MOST_FROM_ONE):
        status, headers, _ = post("/signin", token="lab-guess", next="/compare?runs=a,b")
        assert (status, headers["location"]) == (303, "/compare?runs=a,b&signin=wrong")
        assert "set-cookie" not in headers
    assert post("/signin", token=text)[1]["location"] == "/?signin=wait", "the right one has to wait as well"
    sign_in.attempts.failed = type(sign_in.attempts.failed)(
        (moment - sign_in.WINDOW_S, address) for moment, address in sign_in.attempts.failed
    )
    assert "set-cookie" in post("/signin", token=text)[1]


def test_without_tokens_and_with_a_damaged_list_nobody_gets_in(store):
    assert post("/signin", token="")[1]["location"] == "/?signin=wrong"
    store.root.mkdir(parents=True, exist_ok=True)
    (store.root / "access.json").write_text("{")
    assert people.is_guarded()
    assert people.stranger() == access.NOBODY
    assert post("/signin", token="")[1]["location"] == "/?signin=damaged"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_another_site_signs_nobody_in_or_out(store, headers):
    text, _ = tokens.new_token("manage", "Ada")
    for path in ("/signin", "/signout"):
        status, answered, _ = post(path, headers, token=text)
        assert status == 403
        assert "set-cookie" not in answered


ELSEWHERE = [
    "//evil.example",
    "https://evil.example/x",
    "/\\evil.example",
    "/a/../../x",
    "javascript:alert(1)",
    "\r\nx: y",
]


@given(some.text(max_size=60) | some.sampled_from(ELSEWHERE))
def test_one_is_led_back_into_the_app_alone(text):
    address = sign_in._own_address(text)
    assert address.startswith("/")
    assert not address.startswith(("//", "/\\"))
    assert address.isprintable()


def test_a_long_form_is_not_read(store):
    assert post("/signin", token="x" * 5000)[0] == 413
    assert post("/signin", {"content_length": ""}, token="x")[0] == 413


# ---- logins --------------------------------------------------------------------------------------


def test_a_login_has_the_highest_role_that_is_given_to_its_address(monkeypatch):
    roles = {"manage": ["ada@lab.example"], "train": ["@school.example"], "look": ["*"]}
    monkeypatch.setattr(people, "_secrets", {"roles": roles, "auth": {"x": 1}}.get)
    for claims, role in (
        ({"email": "Ada@Lab.example", "email_verified": True}, "manage"),
        ({"email": "bo@school.example"}, "train"),
        ({"email": "bo@evilschool.example"}, "look"),
        ({"email": "school.example@evil.example"}, "look"),
        ({"email": "ada@lab.example", "email_verified": False}, "none"),
        ({"name": "ada@lab.example"}, "none"),
    ):
        assert people.of_login(claims).role == role, claims
    monkeypatch.setattr(people, "_secrets", {"roles": {}}.get)
    assert people.of_login({"email": "ada@lab.example"}) == access.NOBODY


# ---- uploads -------------------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch):
    """A server without pages: what sessions hold is in `manager`, and those named in `active` are there."""
    manager = MemoryUploadedFileManager("/_stcore/upload_file")
    found = SimpleNamespace(uploaded_file_mgr=manager, active={"s"}, manager=manager)
    found.is_active_session = lambda session: session in found.active
    monkeypatch.setattr(uploads.Runtime, "instance", lambda: found)
    for kept in (uploads._allowed, uploads._arriving):
        kept.clear()
    return found


def upload(server, session: str, size: int, **headers: str):
    async def storing(scope, receive, send):
        server.manager.add_file(session, UploadedFileRec(f"f{server.manager._file_count}", "x", "x", bytes(size)))
        await _inner(scope, receive, send)

    given_headers = {"content_length": str(size)} | headers
    return ask("PUT", f"/_stcore/upload_file/{session}/f", b"", storing, **given_headers)


def draws_an_uploader(monkeypatch, session: str, megabytes: int) -> None:
    monkeypatch.setattr(uploads, "get_script_run_ctx", lambda **_: SimpleNamespace(session_id=session))
    monkeypatch.setattr(st, "file_uploader", lambda *_, **__: None)
    uploads.file_uploader("File", None, max_upload_size=megabytes)


def test_a_session_without_an_uploader_sends_nothing(server):
    status, _, body = upload(server, "s", 10)
    assert (status, body) == (413, b"this page takes no files")
    assert not server.manager.file_storage


def test_a_session_holds_so_much_and_no_more(server, monkeypatch):
    draws_an_uploader(monkeypatch, "s", 2)
    assert [upload(server, "s", 2 * MB)[0] for _ in range(4)] == [204, 204, 204, 413]
    assert upload(server, "other", 10)[0] == 413
    assert upload(server, "s", 10, content_length="")[0] == 411
    server.manager.remove_session_files("s")
    assert upload(server, "s", 2 * MB)[0] == 204
    assert not uploads._arriving


def test_visitors_of_a_demo_hold_so_much_together(server, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    monkeypatch.setattr(uploads, "VISITORS_MB", 5)
    server.active |= {f"s{number}" for number in range(9)}
    statuses = []
    for number in range(9):
        draws_an_uploader(monkeypatch, f"s{number}", 1)
        statuses.append(upload(server, f"s{number}", MB)[0])
    assert statuses == [204] * 5 + [413] * 4


# ---- what the server says as it starts -----------------------------------------------------------


def test_it_says_what_is_open(store, monkeypatch):
    monkeypatch.setattr(st, "get_option", {"server.address": "0.0.0.0"}.get)
    [line] = what_is_open()
    assert "listens on 0.0.0.0 and has no accounts" in line
    monkeypatch.setenv("AECORE_DEMO", "1")
    assert what_is_open() == []
    monkeypatch.delenv("AECORE_DEMO")
    _, token = tokens.new_token("look")
    assert what_is_open() == []
    tokens.remove_token(token.id)
    assert "nobody can sign in" in what_is_open()[0]
    monkeypatch.setenv("AECORE_LIMITS", "x=1")
    assert "no limit 'x'" in what_is_open()[0]
    monkeypatch.setattr(st, "get_option", {"server.address": "127.0.0.1"}.get)
    monkeypatch.delenv("AECORE_LIMITS")
    (store.root / "access.json").unlink()
    assert what_is_open() == []


def test_a_download_works_for_whoever_asked_for_it(store, monkeypatch):
    """It is made in a thread without a session."""
    text, _ = tokens.new_token("manage", "Ada")
    cookie = session_of(post("/signin", token=text)[1])
    monkeypatch.setattr(people.runtime, "exists", lambda: True)
    with monkeypatch.context() as session:
        session.setattr(people, "get_script_run_ctx", lambda **_: SimpleNamespace())
        session.setattr(people.st, "context", SimpleNamespace(cookies={people.COOKIE: cookie}))
        later = people.for_whoever_asks(people.person)
    assert people.person() == access.NOBODY
    assert later() == access.Person("Ada", "manage")
    assert people.person() == access.NOBODY


def test_a_file_is_expected_from_its_announcement_until_its_widget_has_it(server, monkeypatch):
    monkeypatch.setattr(uploads.Runtime, "exists", lambda: True)
    draws_an_uploader(monkeypatch, "s", 1)
    assert not uploads.on_its_way()
    manager = uploads.Runtime.instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    kept, refused = (address.file_id for address in manager.get_upload_urls("s", ["kept", "refused"]))
    assert uploads.on_its_way()
    uploads.over("s", refused)
    manager.add_file("s", UploadedFileRec(kept, "kept", "", b"x"))
    uploads.done("s", 1, kept)
    assert uploads.on_its_way()
    monkeypatch.setattr(st, "file_uploader", lambda *_, **__: SimpleNamespace(file_id=kept))
    uploads.file_uploader("File", None, max_upload_size=1)
    assert not uploads.on_its_way()
    manager.get_upload_urls("s", ["never sent"])
    monkeypatch.setattr(uploads, "PATIENCE_S", -1.0)
    assert not uploads.on_its_way()
    manager.get_upload_urls("s", ["many"] * 5000)
    assert len(uploads._expected["s"]) <= uploads.MOST_EXPECTED
    uploads._expected.clear()
