"""An object store that speaks as much S3 as pyarrow does, in memory, for tests on loopback."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "tiles"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    objects: dict[str, bytes]
    uploads: dict[str, dict[int, bytes]]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, str], bytes]:
        """Return key, query and body of a request."""
        url = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        body = self._body()
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = _unchunked(BytesIO(body))
        return unquote(url.path).removeprefix(f"/{BUCKET}").lstrip("/"), query, body

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            return _unchunked(self.rfile)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _xml(self, name: str, content: str) -> None:
        self._answer(HTTPStatus.OK, f"<?xml version='1.0'?><{name}>{content}</{name}>".encode())

    def _missing(self) -> None:
        self._answer(HTTPStatus.NOT_FOUND, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        """Tell of an object or the bucket."""
        key, _, _ = self._asked()
        if key and key not in self.objects:
            self._missing()
        else:
            size = {"Content-Length": str(len(self.objects[key]))} if key else {}
            self._answer(HTTPStatus.OK, headers=size)

    def do_GET(self) -> None:
        """Send an object, a range of it, or a list."""
        key, query, _ = self._asked()
        if not key:
            self._list(query)
        elif key not in self.objects:
            self._missing()
        else:
            data = self.objects[key]
            if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
                start, end = int(found[1]), int(found[2] or len(data) - 1)
                part = data[start : end + 1]
                where = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
                self._answer(HTTPStatus.PARTIAL_CONTENT, part, {"Content-Range": where})
            else:
                self._answer(HTTPStatus.OK, data)

    def _list(self, query: dict[str, str]) -> None:
        """List all keys below a prefix, two a page, so that pages are asked for."""
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        names = sorted(k for k in self.objects if k.startswith(prefix) and k > after)
        shown = "".join(
            f"<Contents><Key>{escape(n)}</Key><Size>{len(self.objects[n])}</Size></Contents>"
            for n in names[:2]
        )
        more = "".join(
            f"<NextContinuationToken>{escape(n)}</NextContinuationToken>"
            for n in names[1:2]
            if len(names) > 2
        )
        self._xml(
            "ListBucketResult",
            f"<IsTruncated>{str(len(names) > 2).lower()}</IsTruncated>"
            f"<KeyCount>{len(names[:2])}</KeyCount>{more}{shown}",
        )

    def do_PUT(self) -> None:
        """Keep an object or a part of one."""
        key, query, body = self._asked()
        if "uploadId" in query:
            self.uploads[query["uploadId"]][int(query["partNumber"])] = body
        elif key:
            self.objects[key] = body
        tag = md5(body, usedforsecurity=False).hexdigest()
        self._answer(HTTPStatus.OK, headers={"ETag": f'"{tag}"'})

    def do_POST(self) -> None:
        """Begin or complete an upload in parts, or delete many."""
        key, query, body = self._asked()
        if "uploads" in query:
            upload = str(len(self.uploads))
            self.uploads[upload] = {}
            self._xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
        elif "uploadId" in query:
            parts = self.uploads.pop(query["uploadId"])
            self.objects[key] = b"".join(parts[n] for n in sorted(parts))
            self._xml("CompleteMultipartUploadResult", f"<Key>{escape(key)}</Key>")
        else:
            for name in re.findall(r"<Key>(.*?)</Key>", body.decode()):
                self.objects.pop(name, None)
            self._xml("DeleteResult", "")

    def do_DELETE(self) -> None:
        """Delete an object or give up an upload."""
        key, query, _ = self._asked()
        self.uploads.pop(query.get("uploadId", ""), None)
        self.objects.pop(key, None)
        self._answer(HTTPStatus.NO_CONTENT)


def _unchunked(body: BinaryIO) -> bytes:
    """Take a body apart that comes in chunks; what may follow the last one is a checksum."""
    data = b""
    while size := int(body.readline().split(b";")[0], 16):
        data += body.read(size)
        body.readline()
    while body.readline().strip():
        pass
    return data


@contextmanager
def object_store() -> Iterator[str]:
    """Serve an empty bucket; yield an address that pyarrow opens."""
    handler = type("Handler", (_Handler,), {"objects": {}, "uploads": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield (
            f"s3://someone:secret@{BUCKET}/city"
            f"?endpoint_override=127.0.0.1:{server.server_port}&scheme=http&region=here"
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
