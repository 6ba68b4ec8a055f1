# --call outline, targets and subrequests.describe in text and JSON; nothing is built for them.
# as: nosub
dockerfile <<'EOF'
# TAG of the base image
ARG TAG=latest
ARG UNUSED=1
# first makes the file
FROM busybox:$TAG AS first
ARG MESSAGE=hello
RUN --mount=type=secret,id=token,required=true false

# second is what is shipped
FROM scratch AS second
COPY --from=first /x /x
FROM busybox
EOF
run slipway build --call=targets .
says "second    is what is shipped" "(default)"
run slipway build --call=targets,format=json .
is "$(sed -n '/^{/,$p' "$out" | jq -r '[.targets[] | .name // "-"] | join(" ")')" "first second -"
run slipway build --call=outline --target second --build-arg MESSAGE=bye .
says "TARGET:      second" "DESCRIPTION: is what is shipped" "TAG         latest   of the base image" "MESSAGE     bye" \
  "token    true"
says_not UNUSED
run slipway build --call=outline,format=json --target first .
is "$(sed -n '/^{/,$p' "$out" | jq -c '[.args[].name, .secrets[0].location.ranges[0].start.line]')" '["TAG","MESSAGE",7]'
run slipway build --call=subrequests.describe .
says "outline              1.0.0"
refuse "did you mean outline?" -- slipway build --call=outlin .
refuse "there is no stage" -- slipway build --call=outline --target=nothing .
