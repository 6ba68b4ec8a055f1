# nginx of Debian, installed under emulation for the foreign platform, sends compressed pages as a mere user.
# as: root
# label: slow
build_online --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar "$PUBLIC/examples/static-site"
for arch in amd64 arm64; do
  unpacked oci-archive:app.tar "$arch"
  is "$(elf "$root/usr/sbin/nginx")" "$arch"
  is "$(find "$root/var/cache/apt" "$root/var/lib/apt" -name '*.deb' -o -name '*_Packages*' | wc -l)" 0
  # Port 8080 of this machine may be taken.
  page=$(ask oci-archive:app.tar "$arch" /index.html sh -c \
    'sed "s/8080/$PORT/" /etc/nginx/nginx.conf >/tmp/nginx.conf && exec nginx -c /tmp/nginx.conf')
  is "$page" "$(cat "$PUBLIC/examples/static-site/site/index.html")"
done
