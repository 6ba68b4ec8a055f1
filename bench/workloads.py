"""What is built: Dockerfiles with their contexts, made by rule, so that every run has the same bytes.

Each function fills a folder and returns nothing; `registry` is where the base images come from. `scale` is 1,
or less to try the bench itself out.
"""
import pathlib
import random
import re
import shutil

TOP = pathlib.Path(__file__).resolve().parent.parent
MEGABYTE = 1 << 20


def run_steps(folder, registry, scale):
    count = round(200 * scale)
    lines = [f"FROM {registry}/library/busybox"] + ["RUN true"] * count
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")


def copy_stages(folder, registry, scale):
    """Each stage takes the folder of the one before, a file of the first and one of the context; a stage
    that nobody needs must not run."""
    count = round(60 * scale)
    base = f"{registry}/library/busybox"
    lines = [f"FROM {base} AS s0", "COPY seed /seed", "COPY seed /data/f0",
             f"FROM {base} AS unneeded", "RUN sleep 60"]
    for number in range(1, count + 1):
        lines += [f"FROM {base} AS s{number}",
                  f"COPY --from=s{number - 1} /data /data",
                  f"COPY --from=s0 /seed /data/seed{number}",
                  f"COPY f{number} /data/"]
        (folder / f"f{number}").write_text(f"{number}\n")
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    (folder / "seed").write_text("seed\n")


def go_service(folder, registry, scale):
    """The example service on an empty final image, its other base named in full so that no builder needs a mirror set up."""
    shutil.copytree(TOP / "examples/go-service", folder, dirs_exist_ok=True)
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text()
    text = re.sub(r"^#\s*syntax=.*\n", "", text)  # else BuildKit fetches a front end
    version = (TOP / "build/images/oci/go-version").read_text().strip()
    text = re.sub(r"^ARG GO_VERSION=.*$", f"ARG GO_VERSION={version}", text, flags=re.M)
    text = re.sub(r"^(FROM(?: --\S+)* )golang", rf"\g<1>{registry}/library/golang", text, flags=re.M)
    # A small service: with a distribution below it, copying that into the archive would be what is measured.
    text = re.sub(r"^FROM debian.*$", "FROM scratch", text, flags=re.M)
    dockerfile.write_text(text)


def cached_go_service(folder, registry, scale):
    """The same in a folder of its own: some steps edit it."""
    go_service(folder, registry, scale)


def edit_go_service(folder):
    """One more comment in one source file, another each time."""
    source = sorted(folder.rglob("main.go"))[0]
    text = source.read_text()
    source.write_text(f"{text}// edit {text.count('// edit')}\n")


def big_context(folder, registry, scale):
    """50,000 files of 2 KB in folders of 500, 500 MB of random bytes and 500 MB like text."""
    files, megabytes = round(50_000 * scale), round(500 * scale)
    (folder / "Dockerfile").write_text(f"FROM {registry}/library/debian:bookworm-slim\nCOPY . /app\n")
    done = folder / ".dockerignore"  # written last: a marker that the files are complete
    if done.exists():
        return
    generator = random.Random(20260821)
    words = ["".join(generator.choices("etaoinshrdlucmfwypvbgkqjxz", k=generator.randint(2, 11)))
             for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]

    def prose(size):
        text = " ".join(generator.choices(words, weights, k=size // 4))
        while len(text) < size:
            text += " " + " ".join(generator.choices(words, weights, k=size // 4))
        return text[:size].encode()

    for number in range(files):
        path = folder / f"small/{number // 500:03}/file-{number:05}.txt"
        if number % 500 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(prose(2048))
    with open(folder / "random.bin", "wb") as out:
        for _ in range(megabytes):
            out.write(generator.randbytes(MEGABYTE))
    with open(folder / "text.log", "wb") as out:
        for _ in range(megabytes):
            out.write(prose(MEGABYTE))
    done.write_text("")
