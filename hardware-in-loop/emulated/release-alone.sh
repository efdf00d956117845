#!/bin/sh
# Run by mmdebstrap before it reads any list, with the folder it makes as argument: takes the release of Debian alone.
# A point release stays as it is, while lists of updates change from day to day, and a mirror that is behind with those of
# one processor would stop everything that is run on it.
set -eu
sed -i -E '/ [a-z]+-(updates|security) /d' "$1/etc/apt/sources.list"
