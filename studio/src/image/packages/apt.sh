#!/bin/sh
# Run by mmdebstrap once it has read the archive's lists, with the folder of a question in $BULKHEAD_QUESTION: lists `wanted/<name>` are
# resolved to `found/<name>`.
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cd "$BULKHEAD_QUESTION"
mkdir -p found
for list in wanted/*; do
  [ -e "$list" ] || continue
  # shellcheck disable=SC2046 # one word a package
  apt-get install -o Acquire::ForceHash=SHA256 --print-uris -qq -y --no-install-recommends $(cat "$list") >"found/${list#wanted/}"
done
