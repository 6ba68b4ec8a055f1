# A COPY that is cached, in an image whose verdict is not: its layer is read from where the store has it.
# as: root user
dockerfile() { printf 'FROM busybox AS b\nWORKDIR /app\nRUN echo 1 >main\nFROM busybox\nWORKDIR /app\nCOPY --from=b /app/main .\n%s\n' "$1" >Dockerfile; }
dockerfile 'CMD ["true"]'
build -o type=oci,dest=a.tar .
dockerfile 'CMD ["false"]'
build -o type=oci,dest=b.tar .
is "$(layers oci-archive:a.tar)" "$(layers oci-archive:b.tar)"
dockerfile 'RUN cat main && echo 2 >>main'
build -o out .
is "$(cat out/app/main)" $'1\n2'
