#!/bin/sh
# A test's program in the place of uuu: `usb-program.sh REPORT CODE [-b emmc_all LOADER] FILE` keeps what it was given and how that lay there, and
# ends with CODE, or is ended where that is `wait`.
set -eu
report=$1 code=$2
shift $(($# - 1))
file=$1
stat -c '%a %s %b' "$(dirname "$file")" "$file" >"$report.about"
cp --sparse=always "$file" "$report.copy"
# What becomes of the blocks when the name is gone.
ln "$file" "$report.link"
mv "$report.copy" "$report"
[ "$code" = wait ] || exit "$code"
exec sleep 600
