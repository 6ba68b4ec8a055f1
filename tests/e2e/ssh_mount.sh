# RUN --mount=type=ssh reaches the agent, whichever user the step runs as; keys may be files.
# as: root user
require ssh-agent ssh-keygen
ssh-keygen -q -t ed25519 -N '' -C kept-outside -f "$TMPDIR/key"
dockerfile <<'EOF'
FROM debian
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && stat -c %a "$SSH_AUTH_SOCK" >/mode
USER 1000:1000
RUN --mount=type=ssh,uid=1000,mode=0600 --mount=type=bind,source=ask.pl,target=/ask.pl perl /ask.pl >/tmp/answer
EOF
# Asks the agent for its keys (SSH agent protocol: request 11, answer 12).
cat >ask.pl <<'EOF'
use IO::Socket::UNIX;
my $s = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}) or die "no agent: $!";
syswrite $s, pack("NC", 1, 11);
sysread $s, my $answer, 4096;
print "keys: ", unpack("x5N", $answer), $answer =~ /kept-outside/ ? " named" : "", "\n";
EOF
build --ssh "default=$TMPDIR/key" -o type=local,dest=out .
is "$(cat out/mode out/tmp/answer | tr '\n' ' ')" "600 keys: 1 named "
refuse "there is no ssh agent" -- env -u SSH_AUTH_SOCK "$SLIPWAY" build --ssh default .
refuse "cannot use for --ssh" "$TMPDIR/nothing" -- slipway build --ssh "default=$TMPDIR/nothing" .
