#!/usr/bin/env python3
"""Copies a local cache and makes its ledger that of a version that no program knows yet: newer_cache.py FROM TO"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

source, target = map(pathlib.Path, sys.argv[1:3])
shutil.copytree(source, target)
blobs = target / "blobs/sha256"


def blob(digest):
    return blobs / digest.split(":")[1]


def put(data):
    name = hashlib.sha256(data).hexdigest()
    (blobs / name).write_bytes(data)
    return {"digest": "sha256:" + name, "size": len(data)}


index = json.loads((target / "index.json").read_text())
manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
ledger = json.loads(subprocess.run(["zstd", "-dc", blob(manifest["config"]["digest"])], check=True, capture_output=True).stdout)
ledger["version"] = 1000
packed = subprocess.run(["zstd", "-c"], input=json.dumps(ledger).encode(), check=True, capture_output=True).stdout
manifest["config"].update(put(packed))
index["manifests"][0].update(put(json.dumps(manifest).encode()))
(target / "index.json").write_text(json.dumps(index))
