# Shell form, exec form, SHELL, heredocs: as one command, as several, with an interpreter of its own.
# as: root user
dockerfile <<'EOF'
FROM busybox
ENV WHERE=world
RUN echo "hello $WHERE" >/shell
RUN ["sh", "-c", "echo exec-$WHERE >/exec"]
RUN ["touch", "/$WHERE"]
RUN <<END
echo one >/heredoc
echo $((1 + 1)) >>/heredoc
END
RUN <<END cat >/piped
into $WHERE
END
RUN <<END
#!/bin/cat
an interpreter got this
END
SHELL ["/bin/sh", "-e", "-u", "-c"]
RUN echo $- >/flags
EOF
build -o type=oci,dest=app.tar .
says "an interpreter got this"
unpacked oci-archive:app.tar
is "$(cat "$root/shell")" "hello world"
is "$(cat "$root/exec")" exec-world
[[ -f $root/\$WHERE ]] || fail "exec form must not expand variables"
is "$(tr '\n' ' ' <"$root/heredoc")" "one 2 "
is "$(cat "$root/piped")" "into world"
[[ $(cat "$root/flags") == *e* && $(cat "$root/flags") == *u* ]] || fail "SHELL was not used: $(cat "$root/flags")"
