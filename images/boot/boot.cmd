# U-Boot's script. Which slot starts: two records, each alone in its partition; of those that are whole the one whose turn is newer counts.
# A slot on trial has tries: one is taken off, on the disk, before each. With none left the current slot starts.
echo "bulkhead: choosing a slot"
${devtype} dev ${devnum}
part start ${devtype} ${devnum} state-0 first
part start ${devtype} ${devnum} state-1 second
setenv turn; setenv current; setenv trying; setenv tries
setenv turn_0; setenv turn_1; setenv words; setenv mode
if ${devtype} read ${loadaddr} ${first} 1; then
  if env import -c ${loadaddr} 200 turn current trying tries; then
    setenv turn_0 ${turn}; setenv current_0 ${current}; setenv trying_0 ${trying}; setenv tries_0 ${tries}
  fi
fi
# What a record does not have would stay as the other has it.
setenv turn; setenv current; setenv trying; setenv tries
if ${devtype} read ${loadaddr} ${second} 1; then
  if env import -c ${loadaddr} 200 turn current trying tries; then
    setenv turn_1 ${turn}; setenv current_1 ${current}; setenv trying_1 ${trying}; setenv tries_1 ${tries}
  fi
fi
setenv newer 0
if test "${turn_0}" = ""; then setenv newer 1; fi
if test "${turn_0}${turn_1}" = 01; then setenv newer 1; fi
if test "${turn_0}${turn_1}" = 12; then setenv newer 1; fi
if test "${turn_0}${turn_1}" = 20; then setenv newer 1; fi
if test ${newer} = 0; then
  setenv turn ${turn_0}; setenv current ${current_0}; setenv trying ${trying_0}; setenv tries ${tries_0}; setenv spare ${second}
else
  setenv turn ${turn_1}; setenv current ${current_1}; setenv trying ${trying_1}; setenv tries ${tries_1}; setenv spare ${first}
fi
# Whole is not yet sensible: a slot that there is not counts as none.
if test "${current}" != b; then setenv current a; fi
if test "${trying}" != a; then if test "${trying}" != b; then setenv trying; fi; fi
setenv slot ${current}
echo "bulkhead: record ${newer}: current=${current} trying=${trying} tries=${tries}"
if test "${trying}" != ""; then
  if test "${tries}" = ""; then
    echo "bulkhead: slot ${trying} has used up its tries; back to ${current}"
    setenv trying
  else
    setenv slot ${trying}
    setenv mode "bulkhead.trial systemd.wants=bulkhead-slot.service"
    if test ${tries} = iii; then setenv tries ii; elif test ${tries} = ii; then setenv tries i; else setenv tries; fi
  fi
  if test "${turn}" = 0; then setenv turn 1; elif test "${turn}" = 1; then setenv turn 2; else setenv turn 0; fi
  env export -c -s 200 ${loadaddr} turn current trying tries
  ${devtype} write ${loadaddr} ${spare} 1
fi
setenv other b
if test ${slot} = b; then setenv other a; fi
# The second round is for a current slot that is not even loaded: the other is then better than none.
for one in ${slot} ${other}; do
  part number ${devtype} ${devnum} boot-${one} number
  echo "bulkhead: slot ${one}"
  setenv words
  if load ${devtype} ${devnum}:${number} ${loadaddr} /slot.env; then env import -t ${loadaddr} ${filesize} words; fi
  setenv bootargs "@options@ panic=5 bulkhead.slot=${one} ${words} ${mode}"
  @load-device-tree@
  load ${devtype} ${devnum}:${number} ${kernel_addr_r} /kernel && load ${devtype} ${devnum}:${number} ${ramdisk_addr_r} /archive && @boot@ ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${@device-tree@}
  echo "bulkhead: slot ${one} cannot be started"
  if test "${trying}" != ""; then reset; fi
done
reset
