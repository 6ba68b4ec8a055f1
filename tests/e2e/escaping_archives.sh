# Archives that climb out of their destination: refused or kept inside, never written elsewhere.
# as: root user
python3 - "$SCENARIO" <<'PYTHON'
import io, sys, tarfile
outside = sys.argv[1] + "/escaped"
def archive(name, *entries):
    with tarfile.open(name, "w") as tar:
        for path, kind, link in entries:
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mode = kind, link, 0o755
            entry.size = 4 if kind == tarfile.REGTYPE else 0
            tar.addfile(entry, io.BytesIO(b"evil"))
F, S, H = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
archive("dots.tar", ("../../../../../.." + outside, F, ""))
archive("absolute.tar", (outside, F, ""))
archive("link.tar", ("way", S, sys.argv[1]), ("way/escaped", F, ""))
archive("hard.tar", ("copy", H, "../../../../../../etc/hostname"))
archive("device.tar", ("null", tarfile.CHRTYPE, ""), ("after", F, ""))
PYTHON
for name in dots absolute link hard device; do
  printf 'FROM busybox\nADD %s.tar /in/\nRUN ls -R /in\n' "$name" >Dockerfile
  code=0
  slipway build --progress plain -o "type=local,dest=out-$name" . >"$out" 2>&1 || code=$?
  ((code < 126)) || fail "crashed on $name.tar: $code"
  [[ ! -e $SCENARIO/escaped ]] || fail "$name.tar wrote outside of its root"
done
refuse hard.tar -- slipway build --progress plain -f - . <<<$'FROM scratch\nADD hard.tar /'
