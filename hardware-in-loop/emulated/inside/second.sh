#!/bin/sh
# First process of a guest, on its disks: makes the machine what a board with a current Linux is (control groups
# version 2), runs the one command, and reports by two virtio ports what it said, and how it ended
# with what it left in /run/report.
# A guest is what nobody else lives on: some proofs run nowhere else.
export BULKHEAD_GUEST=1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8

port() {
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
cd /work || exit 1

eval "set -- $(cat /command)"
{
  "$@" </dev/null 2>&1
  echo $? >/run/exit-code
} | cat >"$(port bulkhead.output)"
cat /run/exit-code /run/report 2>/dev/null >"$(port bulkhead.status)"
echo o >/proc/sysrq-trigger
sleep 60
