# A new ENTRYPOINT drops the base's CMD, unless this stage set one; ENV and LABEL are inherited.
# as: root nosub
dockerfile <<'EOF'
FROM busybox AS base
ENV A=1
LABEL from=base
CMD ["base-cmd"]
FROM base AS dropped
ENTRYPOINT ["/e"]
FROM base AS kept
CMD ["own-cmd"]
ENTRYPOINT ["/e"]
ENV A=2 B=$A
EOF
build --target dropped -o type=oci,dest=dropped.tar .
is "$(config oci-archive:dropped.tar | jq -c '.config | [.Entrypoint, .Cmd, .Labels.from]')" '[["/e"],null,"base"]'
build --target kept -o type=oci,dest=kept.tar .
is "$(config oci-archive:kept.tar | jq -c '.config | [.Entrypoint, .Cmd]')" '[["/e"],["own-cmd"]]'
is "$(config oci-archive:kept.tar | jq -c '.config.Env[1:]')" '["A=2","B=1"]'
