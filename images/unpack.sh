#!/bin/sh
# Run in the builder: unpacks packages (their files in the pool, on standard input) into the folder $1. Everything is root's, nothing of
# theirs is run, no program of theirs changes who it runs as, and no file is
# everybody's to write.
set -eu
mkdir -p "$1"
while read -r deb; do
  dpkg-deb --fsys-tarfile "$deb" |
    tar --extract --directory="$1" --no-same-owner --keep-directory-symlink --preserve-permissions --exclude='./usr/share/doc/*/[!c]*'
done
find "$1" -perm /6000 -exec chmod ug-s {} +
find "$1" -type f -perm /0002 -exec chmod o-w {} +
