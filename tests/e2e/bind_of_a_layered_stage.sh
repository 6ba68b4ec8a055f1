# A bind mount of a stage shows all its layers as one, and what steps write to it goes nowhere.
# as: root user nosub
dockerfile <<'EOF'
FROM busybox AS other
RUN mkdir -p /d/sub /d/gone && echo one >/d/a && echo old >/d/b && echo x >/d/gone/f
RUN echo new >/d/b && echo two >/d/c && rm -r /d/gone /d/sub && mkdir /d/sub && echo s >/d/sub/s
COPY Dockerfile /d/copied
FROM busybox
RUN --mount=from=other,source=/d,target=/m cat /m/a /m/b /m/c /m/sub/s >/all; ls /m >/names; ! touch /m/x 2>/dev/null
RUN --mount=from=other,source=/d,target=/m,rw echo changed >/m/a && rm /m/b && ls /m >/after
RUN --mount=from=other,source=/d,target=/m cat /m/a >/again
RUN --mount=from=other,source=/d/b,target=/b cat /b >/one
RUN --mount=from=other,target=/m test -x /m/bin/sh && cat /m/d/a >/whole
RUN --mount=type=cache,id=z,target=/1,sharing=locked --mount=type=cache,id=z,target=/2,sharing=locked echo z >/1/z && cat /2/z >/z
EOF
build -o type=local,dest=out .
is "$(cat out/all out/names | tr '\n' ' ')" "one new two s a b c copied sub "
is "$(cat out/after out/again out/one out/whole out/z | tr '\n' ' ')" "a c copied sub one new one z "
