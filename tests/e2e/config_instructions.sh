# Every instruction that only describes the image arrives in its config.
# as: root nosub
dockerfile <<'EOF'
FROM scratch
LABEL a=1 "b c"="d e"
ENV GREETING="hello world" EMPTY=
EXPOSE 80 53/udp 8000-8001
VOLUME ["/data"]
WORKDIR /srv
WORKDIR app
USER 1000:users
STOPSIGNAL SIGQUIT
SHELL ["/bin/bash", "-c"]
HEALTHCHECK --interval=5s --timeout=1m --retries=4 CMD ["check", "it"]
ENTRYPOINT ["/entry"]
CMD first second
ONBUILD COPY . /src
EOF
build --label late=yes -o type=oci,dest=app.tar .
config oci-archive:app.tar | jq -S .config >got
got() { jq -c "$1" got; }
is "$(got .Labels)" '{"a":"1","b c":"d e","late":"yes"}'
is "$(got '.Env[1:]')" '["GREETING=hello world","EMPTY="]'
is "$(got '.ExposedPorts | keys')" '["53/udp","80/tcp","8000/tcp","8001/tcp"]'
is "$(got .Volumes)" '{"/data":{}}'
is "$(got '[.WorkingDir, .User, .StopSignal]')" '["/srv/app","1000:users","SIGQUIT"]'
is "$(got .Shell)" '["/bin/bash","-c"]'
is "$(got '.Healthcheck | [.Test, .Interval, .Timeout, .Retries]')" \
  '[["CMD","check","it"],5000000000,60000000000,4]'
is "$(got .Entrypoint)" '["/entry"]'
is "$(got .Cmd)" '["/bin/bash","-c","first second"]'
is "$(got .OnBuild)" '["COPY . /src"]'
