# Whatever may make a foreign program behave in its own way keeps it in the emulator.
# as: root user
cat >Dockerfile <<'EOS'
FROM debian:bookworm-slim
RUN gzip -h >/dev/null
RUN echo >/etc/ld.so.preload; echo /nowhere.so >/etc/ld.so.preload; gzip -h >/dev/null 2>&1; rm /etc/ld.so.preload
RUN LD_LIBRARY_PATH=/opt gzip -h >/dev/null
RUN cp /usr/bin/gzip /usr/bin/other && mv /usr/bin/other /usr/bin/gzip && gzip -h >/dev/null && echo >>/usr/bin/gzip && bzip2 -h 2>/dev/null; \
    gzip -h >/dev/null
RUN touch /usr/local/lib/libc.so.6 && grep -c root /etc/passwd >/dev/null; rm /usr/local/lib/libc.so.6
RUN cp /proc/self/exe /copy; gzip -c /etc/passwd >/dev/null
EOS
build --twins=exact --platform "linux/$(foreign)" -o type=cacheonly .
record=$(ls "$SLIPWAY_HOME"/builds/*.json | tail -1)
how() { jq -r --argjson n "$1" --arg p "$2" '[.steps | map(select(.kind == "run")) | .[$n].programs[] | select(.path | endswith($p)) | .how] | unique | join(" ")' "$record"; }
is "$(how 0 /gzip)" twin
is "$(how 1 /gzip)" emulated
is "$(how 2 /gzip)" emulated
is "$(how 3 /gzip)" "emulated twin"
is "$(how 4 /grep)" emulated
is "$(how 5 /cp)" emulated
