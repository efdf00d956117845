#!/bin/busybox sh
# shellcheck shell=dash
# First process of a guest, from the kernel's archive: loads what is needed to see the disks, lays a writable layer over
# them, and goes on there.
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /lower /layer /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module" || echo "first: no $module"; done </modules/order

mount -t tmpfs -o size=80% tmpfs /layer
for disk in root modules checkout; do
  # A memory card is seen some time after its driver is there.
  until device=$(findfs "LABEL=$disk" 2>/dev/null); do sleep 0.1; done
  mkdir -p "/lower/$disk" "/layer/$disk" "/layer/$disk.work"
  mount -t ext4 -o ro "$device" "/lower/$disk"
done
mount -t overlay -o lowerdir=/lower/root,upperdir=/layer/root,workdir=/layer/root.work overlay /root
mkdir -p /root/work
mount -t overlay \
  -o lowerdir=/lower/checkout:/lower/modules,upperdir=/layer/checkout,workdir=/layer/checkout.work overlay /root/work
cp /command /board /root/
for place in proc sys dev; do mount --move "/$place" "/root/$place"; done
exec switch_root /root /bin/sh /work/hardware-in-loop/emulated/inside/second.sh
