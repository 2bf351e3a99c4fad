"""Whatever is asked: a clear refusal, never a fault of the service, and nothing told of its inside.

Asked of the real server, as the command starts it, over plain sockets where a client would not
send what is sent.
"""

import json
import re
import socket
import subprocess
import sys
from time import monotonic, sleep
from urllib.parse import quote

import httpx
import pytest

from tests.api.public import CRS84, EPSG

COLLECTIONS = ("baum", "flurstueck_merkmale")
SEGMENTS = (
    *("%2e%2e", "..%2f..%2fetc%2fpasswd", "..%5c..%5cwin.ini", "%252e%252e", "%00", "x%00.json"),
    *("%c0%ae%c0%ae%c0%af", "%ff%fe", "%ed%a0%80", "%0d%0aSet-Cookie:x=1", "a" * 3000, "%zz"),
    *("'%20OR%201=1--", "%3Cscript%3Ealert(1)%3C/script%3E", "%7B%7B7*7%7D%7D", "-1", "*", "~"),
    *("\N{EVERGREEN TREE}", "9" * 40, "%20"),
)
VALUES = (
    *("", " ", "nan", "NaN,NaN,NaN,NaN", "inf,inf,inf,inf", "1e400", "-0", "-1", "0", "1.5"),
    *("9" * 30, "%00", "%ff%fe", "%ed%a0%80", "'", '";DROP TABLE baum;--', "a" * 5000, "[]", "{}"),
    *(
        "../../../etc/passwd",
        "2025-02-30",
        "9999-99-99/..",
        "P99999999Y/2020-01-01",
        ",,,",
        "..",
        "*",
    ),
    *("7,52,6,51", "1,2,3", "1,2,3,4,5", "-181,-91,181,91", "true", "+", "%s%n", "\x7f", "null"),
    *(f"{EPSG}31467", f"{EPSG}99999", f"{EPSG}-1", CRS84 + "x", "file:///etc/passwd", "EPSG:25832"),
    *(
        "(" * 400,
        "NOT " * 400 + "true",
        '{"op":"and","args":[]}',
        "a=1 OR " * 400 + "a=1",
        "=",
        "%",
    ),
)
INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|sqlite|SELECT |starlette|granian|uvicorn|python|pandas|/tmp/|/root/"
    r"|/home/|\.gpkg\b|catalogue\.sqlite|numpy|shapely",
    re.IGNORECASE,
)
BANNERS = {"x-powered-by", "via", "x-aspnet-version"}


@pytest.fixture(scope="module")
def server(demo_store):
    """Return the address of a server that the command has started."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = "from api.cli import main; main()"
    arguments = ["--data", str(demo_store), "serve", "--port", str(port), "--workers", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", command, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        try:
            deadline = monotonic() + 60
            while monotonic() < deadline and child.poll() is None:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/healthz")
                    break
                except httpx.TransportError:
                    sleep(0.1)
            yield port
        finally:
            child.terminate()
            _, said = child.communicate(timeout=30)
    assert b"incident" not in said, said.decode()[-3000:]


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=f"http://127.0.0.1:{server}", timeout=60) as connection:
        yield connection


@pytest.fixture(scope="module")
def ask(server):
    """Return a function that sends bytes and gives the status, the heads and the body."""

    def send(raw):
        with socket.create_connection(("127.0.0.1", server), timeout=30) as connection:
            connection.sendall(raw)
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        heads = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        return int(first.split()[1]), heads, body

    return send


def request(target, method="GET", *lines):
    head = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def check(answer, asked=""):
    """A refusal is a problem document; no answer is a fault, or tells of the inside."""
    assert answer.status_code < 500, answer.url
    heads = {name.lower() for name in answer.headers}
    assert not heads & BANNERS
    assert answer.headers["server"] == "Flurbuch"
    assert "set-cookie" not in heads
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", answer.url
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["title"]
        told = answer.text.replace(json.dumps(asked, ensure_ascii=False)[1:-1], "")
        assert not INSIDE.search(told) or INSIDE.search(asked), answer.text[:500]
    return answer


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi").json()


@pytest.fixture(scope="module")
def paths(description):
    """Return the paths, of the collections only some."""

    def chosen(path):
        if "get" not in description["paths"][path]:
            return False
        collection = re.match(r"/collections/([^/]+)", path)
        return collection is None or collection[1] in {"baum", "katalog", "terrain"}

    return {path: node for path, node in description["paths"].items() if chosen(path)}


def test_tricks_in_paths(client, paths):
    """Each variable part of each path, and one more part behind each path."""
    for path in paths:
        steps = re.findall(r"\{[^}]+\}", path)
        usual = re.sub(r"\{tile(Row|Col|Matrix)\}", "1", path)
        usual = usual.replace("{tileMatrixSetId}", "WebMercatorQuad").replace("{styleId}", "grey")
        for segment in SEGMENTS:
            for step in steps:
                address = re.sub(r"\{[^}]+\}", "x", usual.replace(step, segment))
                check(client.get(address), segment)
            longer = re.sub(r"\{[^}]+\}", "x", usual).rstrip("/")
            answer = check(client.get(f"{longer}/{segment}"), segment)
            assert answer.status_code != 200, answer.url


def parameters(description, node):
    for parameter in node["get"].get("parameters", ()):
        name = parameter.get("$ref", "").rsplit("/", 1)[-1]
        found = description["components"]["parameters"].get(name, parameter)
        if found["in"] == "query":
            yield found["name"]


def test_values_of_every_parameter(client, description, paths):
    asked = 0
    for path, node in paths.items():
        address = re.sub(r"\{[^}]+\}", "x", path)
        for name in parameters(description, node):
            for value in VALUES:
                check(client.get(f"{address}?{name}={value if '%' in value else quote(value)}"))
                asked += 1
    assert asked > 2000


@pytest.mark.parametrize(
    "query",
    [
        "bbox=nan,nan,nan,nan",
        "bbox=7,52,6,51",
        f"bbox=400000,1,300000,2&bbox-crs={EPSG}25832",
        f"bbox=5,49,6,50&bbox-crs={EPSG}31467",
        f"crs={EPSG}2154",
        "limit=0",
        "limit=1e9",
        "limit=99999999999999999999",
        "offset=99999999999",
        "cursor=",
        "cursor=nonsense",
        "cursor=AAAAAAAAAAEABmD8M9NdjAAAAAAAAAABi9rzhmGR1siojCzIc8fRfg",
        "sortby=nosuch",
        "properties=nosuch",
        "datetime=2025-02-30",
        "filter=" + "(" * 5000,
        "filter=NOT " * 2000,
        "filter=a.b.c=1",
        "filter-lang=cql2-text",
        "unknown=1",
        "limit=1&limit=2",
        "f=xml",
        "lang=fr",
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason(client, query):
    for collection in COLLECTIONS:
        answer = check(client.get(f"/collections/{collection}/items?{query}"), query)
        assert answer.status_code == 400
        assert answer.json()["detail"]


def test_a_cursor_that_was_changed_is_refused(client):
    page = client.get("/collections/baum/items?limit=5").json()
    (following,) = (k["href"] for k in page["links"] if k["rel"] == "next")
    plain, cursor = following.rsplit("=", 1)
    assert client.get(following).status_code == 200
    for i in range(0, len(cursor), 3):
        other = "B" if cursor[i] == "A" else "A"
        changed = f"{plain}={cursor[:i]}{other}{cursor[i + 1 :]}"
        assert check(client.get(changed)).status_code == 400, i
    moved = following.replace("/baum/", "/flurstueck/")
    assert check(client.get(moved)).status_code == 400


@pytest.mark.parametrize("length", [33_000, 60_000, 70_000])
def test_an_address_that_is_too_long(ask, length):
    status, heads, body = ask(request(f"/collections/baum/items?filter={'a' * length}"))
    assert status == 414
    if length < 65_000:  # beyond that the server itself ends it
        assert heads["content-type"] == "application/problem+json"
        assert json.loads(body)["status"] == 414


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        pytest.param([f"X-A: {'b' * 60_000}"], {200, 431}, id="a-large-header"),
        pytest.param([f"X-A: {'b' * 1_000_000}"], {431}, id="a-huge-header"),
        pytest.param([f"X-{i}: b" for i in range(2000)], {431}, id="many-headers"),
        pytest.param([f"Accept-Language: {'xx,' * 9000}"], {200}, id="many-languages"),
        pytest.param(["Accept: ;;q=a,,/"], {406}, id="nonsense-accepted"),
        pytest.param(["Accept: application/xml"], {406}, id="xml"),
        pytest.param(["Accept: application/xml, */*;q=0.1"], {200}, id="xml-or-anything"),
        pytest.param(["Accept-Encoding: ;;, gzip;q=x"], {200}, id="nonsense-encoding"),
        pytest.param(["If-Modified-Since: Thu, 99 Foo 9999999 00:00:00 GMT"], {200}, id="no-day"),
        pytest.param(["If-None-Match: " + '"' * 999], {200}, id="nonsense-tag"),
        pytest.param(["Range: bytes=5-1,-"], {200}, id="range"),
        pytest.param(["Host: evil.example"], {200, 400}, id="two-hosts"),
        pytest.param(["X-Forwarded-Host: evil.example"], {200}, id="another-host"),
        pytest.param(["Content-Length: -1"], {400}, id="negative-length"),
    ],
)
@pytest.mark.parametrize("path", ["/collections", "/collections/baum/items", "/?f=json"])
def test_headers_out_of_the_ordinary(ask, path, lines, statuses):
    by_format = {200} if "f=json" in path and statuses == {406} else statuses
    status, heads, body = ask(request(path, "GET", *lines))
    assert status in by_format
    assert b"evil.example" not in body
    assert heads.get("server", "Flurbuch") == "Flurbuch"


@pytest.mark.parametrize(
    ("raw", "statuses"),
    [
        (b"\x00\x01\x02\r\n\r\n", {400}),
        (b"GET / HTTP/9.9\r\n\r\n", {400}),
        (b"GET  / HTTP/1.1\r\n\r\n", {400}),
        (request("*", "OPTIONS"), {204, 404}),
        (request("x:1", "CONNECT"), {404, 405}),
        (request("http://evil.example/"), {200}),
        (request("//evil.example/collections/"), {308, 404}),
        (request("/", "TRACE"), {405}),
        (request("/", "FOO"), {405}),
        (request("/collections", "POST", "Content-Length: 0"), {405}),
        (request("/static/../api/app.py"), {404}),
        (request("/static/%2e%2e/app.py"), {404}),
        (request("/static/..%2f..%2fpyproject.toml"), {404}),
    ],
)
def test_requests_out_of_the_ordinary(ask, raw, statuses):
    status, heads, body = ask(raw)
    assert status in statuses
    assert "evil.example" not in heads.get("location", "").removeprefix("/")[:2] + body.decode()
    assert not heads.get("location", "/x").startswith(("//", "http"))
    assert heads.get("server", "Flurbuch") == "Flurbuch"
    if status == 405:
        assert {*heads["allow"].split(", ")} == {"GET", "HEAD"}
