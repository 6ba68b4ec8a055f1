# What can be wrong with a git source has a name and a way out; hostile repositories reach nothing outside of theirs.
# as: root nosub
require git
mkdir -p srv/app/dir && printf 'FROM scratch\nCOPY link /\n' >srv/app/Dockerfile
ln -s / srv/app/dir/root && ln -s /etc/passwd srv/app/link && ln -s /etc/passwd srv/app/Evil
repository srv/app && ln -s app srv/app.git
mkdir srv/thief && echo 1 >srv/thief/file && repository srv/thief
git -C srv/thief -c protocol.file.allow=always submodule --quiet add "$PWD/srv/app" stolen
repository srv/thief && ln -s thief srv/thief.git
serve_git srv
refuse 'no branch or tag "none"' -- slipway build "$url/app.git#none"
refuse "has no commit 1111" -- slipway build "$url/app.git#1111111111111111111111111111111111111111"
refuse "has no directory nothing" -- slipway build "$url/app.git#main:nothing"
refuse "leads through the link root" -- slipway build "$url/app.git#main:dir/root/etc"
refuse 'cannot have the key "depth"' -- slipway build "$url/app.git?depth=1"
refuse "has no Missing" -- slipway build -f Missing "$url/app.git"
refuse "has no Evil" -- slipway build -f Evil "$url/app.git"
refuse "no such file or directory: /link" -- slipway build "$url/app.git"
refuse "submodule" "not allowed" -- slipway build "$url/thief.git"
refuse "other.git" "hint" -- slipway build "$url/other.git"
refuse "--ssh default" -- slipway build git@127.0.0.1:app.git
refuse "file:// URL" -- slipway build "file://$PWD/srv/app"
refuse "there is no such build context" -- slipway build host:path
kill "${servers[@]}"
refuse "$url/app.git" "server does not answer" -- slipway build "$url/app.git"
serve_git srv token:s3cret
refuse "GIT_AUTH_TOKEN" -- slipway build "$url/app.git"
printf 'FROM scratch\nCOPY --from=app dir/root /\n' >Dockerfile
TOKEN=s3cret build --secret id=GIT_AUTH_TOKEN,env=TOKEN --build-context "app=$url/app.git" -o out .
TOKEN=wr0ng refuse "GIT_AUTH_TOKEN" -- slipway build --secret id=GIT_AUTH_TOKEN,env=TOKEN "$url/app.git#v"
says_not wr0ng
