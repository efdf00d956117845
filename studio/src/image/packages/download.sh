#!/bin/sh
# Run by mmdebstrap before it reads any list, with the root that it is about to make: brings the files of `download` in the folder
# $BULKHEAD_QUESTION (a path and a SHA-256 each) to `packages`, by what this machine's apt knows of the way to the archive. The lists are
# not asked: they name the newest alone, and a mirror's may be of another day than its packages.
set -eu
root=$1
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cd "$BULKHEAD_QUESTION"
archive=$(sed -n -E 's/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' "$root/etc/apt/sources.list" | head -n 1)
mkdir packages
while read -r path digest; do
  set -- "${archive%/}/$path" "packages/${path##*/}" "SHA256:$digest"
  /usr/lib/apt/apt-helper download-file "$@" >said 2>&1 || {
    echo "E: the archive has no $path: $(grep -m 1 -E '^(E: |Err)' said || tail -n 1 said)" >&2
    exit 1
  }
done <download
