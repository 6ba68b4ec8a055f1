# A final stage without RUN: the base's layer goes into the image as it is, the new files on top.
# as: root user nosub
echo hello >greeting
dockerfile <<'EOF'
FROM busybox
COPY greeting /srv/greeting
CMD ["cat", "/srv/greeting"]
EOF
build -o type=oci,dest=app.tar .
is "$(start oci-archive:app.tar)" hello
is "$(layers oci-archive:app.tar | wc -l)" 2
is "$(layers oci-archive:app.tar | head -n 1)" "$(layers "oci:$PUBLIC/busybox-layout:latest")"
