# Programs that are the same on both sides run natively in a foreign step, others do not, and the files are the same.
# as: root user
cat >Dockerfile <<'EOS'
FROM debian:bookworm-slim
RUN cp -a /usr/share/doc /d && tar cf /d.tar --sort=name --mtime=@0 /d && gzip -nk /d.tar && sha256sum /d.tar.gz | sort >/sums
RUN uname -m >/machine; arch >>/machine; bash -c 'echo $MACHTYPE' >>/machine; printf '%.20f\n' 0.1 >>/machine; \
    env printf '%.20f\n' 0.1 >>/machine; seq 0 0.1 1 >>/machine; readlink /proc/self/exe >>/machine; \
    (exec -a other readlink /proc/self/exe || true) >>/machine 2>&1; ls / /usr /usr/lib /lib >/listing
RUN mkdir -p /c/bin /c/lib && cp /bin/cat /c/bin/ && cp -a /lib/*-linux-gnu /c/lib/ && cp -aL /lib/ld-linux-* /c/lib/ && \
    echo chrooted | chroot /c /bin/cat >/from-chroot && cp /usr/bin/sha256sum /usr/bin/mine && mine /sums >/mine && rm -r /c
RUN dpkg --print-architecture >/arch; apt-config dump | grep '^APT::Arch' >>/arch; dpkg-query -W >/packages; \
    LD_PRELOAD=/nowhere.so cat /arch >/dev/null 2>/preload || true
USER nobody
RUN id -un >/tmp/who && cat /etc/passwd | grep nobody >>/tmp/who
EOS
for twins in off exact; do
  build --no-cache --platform "linux/$(foreign)" --twins=$twins -o type=tar,dest=$twins.tar .
  mkdir $twins
  tar xf $twins.tar -C $twins --exclude=dev
done
chmod -R u+rwX off exact
run diff -r --no-dereference off exact
is "$(tar tvf off.tar | sort | sha256sum)" "$(tar tvf exact.tar | sort | sha256sum)"
is "$(head -1 exact/machine)" "$([[ $(foreign) == arm64 ]] && echo aarch64 || echo x86_64)"
is "$(cat exact/from-chroot) $(cat exact/tmp/who | head -1)" "chrooted nobody"
is "$(head -1 exact/arch)" "$(foreign)"
says_how() { jq -r --arg p "$2" '[.. | objects | select(.path? and (.path | endswith($p))) | .how] | unique | join(" ")' "$1"; }
record=$(ls "$SLIPWAY_HOME"/builds/*.json | tail -1)
is "$(says_how "$record" /gzip)" twin
is "$(says_how "$record" /tar)" twin
is "$(says_how "$record" /uname)" emulated
is "$(says_how "$record" /mine)" emulated
refuse "none of exact, fast, off" -- slipway build --twins=perhaps .
