"""A small HTTP service on Bottle; its template engine's speed-ups are compiled for each architecture."""
import os
import platform

import markupsafe._speedups  # fails where the wheel of another architecture got in
from bottle import Bottle
from markupsafe import escape

app = Bottle()


@app.get("/arch")
def arch():
    return platform.machine() + "\n"


@app.get("/hello/<name>")
def hello(name):
    return f"<p>hello, {escape(name)}</p>\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ["PORT"]), quiet=True)
