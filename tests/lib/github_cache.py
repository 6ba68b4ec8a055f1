#!/usr/bin/env python3
"""A server that speaks the protocols of GitHub's cache service, versions 1 and 2, and of the blob storage behind it, on a
loopback port that it prints first. Entries live in memory. Arguments say how it misbehaves:
  busy    the first call of each kind is answered by 429 with Retry-After
  short   the first answer with an entry's bytes breaks off in the middle
  slow    bytes of entries come in small pieces
"""
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

trouble = set(sys.argv[1:])
lock = threading.Lock()
entries = {}  # (version, key) -> [order, bytes or None]
parts = {}  # upload -> its blocks or ranges
uploads = {}  # number -> (version, key)
seen = set()  # calls
broken = set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, body=b"", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def base(self):
        return "http://" + self.headers["Host"]

    def is_busy(self, body=b""):
        call = (self.command, self.path, bytes(body[:1000]))
        if "busy" in trouble and call not in seen:
            seen.add(call)
            self.reply(429, b"slow down", [("Retry-After", "0")])
            return True
        return False

    def is_allowed(self):
        if self.headers.get("Authorization") == "Bearer secret":
            return True
        self.reply(401, {"msg": "who are you?"})
        return False

    def find(self, version, key, prefixes):
        if entries.get((version, key), [0, None])[1] is not None:
            return key
        found = [(order, name) for (v, name), (order, data) in entries.items()
                 if v == version and data is not None and any(name.startswith(p) for p in prefixes)]
        return max(found)[1] if found else None

    def url_of(self, version, key):
        return f"{self.base()}/blob/{version}/{urllib.parse.quote(key, safe='')}?sig=x"

    def entry_of(self, path):
        _, _, version, key = path.split("/")
        return version, urllib.parse.unquote(key)

    def create(self, version, key):
        if (version, key) in entries:
            return False
        entries[version, key] = [len(entries) + 1, None]
        return True

    def do_POST(self):
        path, body = urllib.parse.urlsplit(self.path).path, self.body()
        with lock:
            if self.is_busy(body) or not self.is_allowed():
                return
            ask = json.loads(body)
            if path.startswith("/twirp/github.actions.results.api.v1.CacheService/"):
                self.twirp(path.rsplit("/", 1)[1], ask)
            elif path == "/_apis/artifactcache/caches":
                if not self.create(ask["version"], ask["key"]):
                    return self.reply(409, {"message": "already exists"})
                uploads[len(uploads) + 1] = (ask["version"], ask["key"])
                self.reply(201, {"cacheId": len(uploads)})
            else:
                number = int(path.rsplit("/", 1)[1])
                data = b"".join(part for _, part in sorted(parts.get(number, {}).items()))
                if len(data) != ask["size"]:
                    return self.reply(400, {"message": "wrong size"})
                entries[uploads[number]][1] = data
                self.reply(204)

    def twirp(self, method, ask):
        version, key = ask["version"], ask["key"]
        if method == "CreateCacheEntry":
            if not self.create(version, key):
                return self.reply(409, {"code": "already_exists", "msg": "cache entry exists"})
            self.reply(200, {"ok": True, "signed_upload_url": self.url_of(version, key)})
        elif method == "FinalizeCacheEntryUpload":
            data = parts.get((version, key))
            if not isinstance(data, bytes) or len(data) != int(ask["size_bytes"]):
                return self.reply(200, {"ok": False})
            entries[version, key][1] = data
            self.reply(200, {"ok": True, "entry_id": "1"})
        elif method == "GetCacheEntryDownloadURL":
            found = self.find(version, key, ask.get("restore_keys", []))
            if not found:
                return self.reply(200, {"ok": False})
            self.reply(200, {"ok": True, "signed_download_url": self.url_of(version, found), "matched_key": found})
        else:
            self.reply(404)

    def do_PATCH(self):
        body = self.body()
        with lock:
            if self.is_busy(body) or not self.is_allowed():
                return
            first = int(re.match(r"bytes (\d+)-", self.headers["Content-Range"])[1])
            parts.setdefault(int(self.path.rsplit("/", 1)[1]), {})[first] = body
            self.reply(204)

    def do_PUT(self):
        body, url = self.body(), urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        with lock:
            entry = self.entry_of(url.path)
            if "blockid" in query:
                parts.setdefault((entry, "blocks"), {})[query["blockid"][0]] = body
            elif query.get("comp") == ["blocklist"]:
                names = re.findall(r"<Latest>(.*?)</Latest>", body.decode())
                parts[entry] = b"".join(parts[entry, "blocks"][name] for name in names)
            elif self.headers.get("x-ms-blob-type") == "BlockBlob":
                parts[entry] = body
            else:
                return self.reply(400, b"no blob type")
            self.reply(201)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        with lock:
            if url.path == "/_apis/artifactcache/cache":
                if self.is_busy() or not self.is_allowed():
                    return
                keys, version = query["keys"][0].split(","), query["version"][0]
                found = self.find(version, keys[0], keys)
                if not found:
                    return self.reply(204)
                return self.reply(200, {"cacheKey": found, "archiveLocation": self.url_of(version, found)})
            if url.path == "/keys":
                return self.reply(200, "\n".join(key for (_, key), (_, data) in entries.items() if data is not None).encode())
            data = entries[self.entry_of(url.path)][1]
            is_first = url.path not in broken
            broken.add(url.path)
        wanted = self.headers.get("Range")
        first = int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        data = data[first:]
        if "short" in trouble and is_first and len(data) > 1000:
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return
        step = 65536 if "slow" in trouble else len(data) or 1
        for at in range(0, len(data), step):
            self.wfile.write(data[at : at + step])
            if "slow" in trouble:
                time.sleep(0.001)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
sys.stdout = sys.stderr
server.serve_forever()
