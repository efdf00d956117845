#!/bin/sh
# First process of a guest, on its disks: makes the machine what a board with a current Linux is (control groups
# version 2), runs the one command, and reports by two lines what it said, and how it ended
# with what it left in /run/report. A line is a virtio port, or a UART that /board names.
# A guest is what nobody else lives on: some proofs run nowhere else.
export BULKHEAD_GUEST=1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8

# shellcheck source=/dev/null
. /board

# A UART passes on what it gets as it is, as long as somebody has it open.
port() {
  if [ -n "$2" ]; then
    stty -F "$2" raw -echo
    echo "$2"
    return
  fi
  for entry in /sys/class/virtio-ports/*; do
    [ "$(cat "$entry/name" 2>/dev/null)" = "$1" ] && echo "/dev/${entry##*/}"
  done
}

mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/netns /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
echo guest >/proc/sys/kernel/hostname
ip link set lo up
# Where KVM is a module, and the processor can be virtualized.
modprobe -q kvm_amd
modprobe tun && chmod 666 /dev/net/tun
# Reading TypeScript is most of a start here: what was read once is kept.
mkdir -p /var/cache/node
chmod 1777 /var/cache/node
export NODE_COMPILE_CACHE=/var/cache/node
# shellcheck disable=SC2154
for module in $modules; do modprobe "$module" || echo "second: no $module"; done
[ -n "$output" ] && exec 8<>"$output"
[ -n "$control" ] && exec 9<>"$control"
output=$(port bulkhead.output "$output")
BULKHEAD_CONTROL=$(port bulkhead.control "$control")
# shellcheck disable=SC2154
BULKHEAD_BOARD=$board
export BULKHEAD_CONTROL BULKHEAD_BOARD
cd /work || exit 1

echo shell >"$BULKHEAD_CONTROL"
eval "set -- $(cat /command)"
{
  "$@" </dev/null 2>&1 8>&- 9>&-
  echo $? >/run/exit-code
} | cat >"$output"
# Waits until a UART has sent all.
stty -F "$output" raw -echo 2>/dev/null
{
  echo "exit $(cat /run/exit-code)"
  cat /run/report 2>/dev/null
  printf '\nend\n'
} >"$BULKHEAD_CONTROL"
echo o >/proc/sysrq-trigger
sleep 60
