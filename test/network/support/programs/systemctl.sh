#!/bin/bash
# `systemctl enable --now UNIT...` in a network namespace, where no systemd is: of each unit in $TOWPATH_UNITS the state directory, the account and
# the command in the background; it returns when a unit of Type=notify is ready.
set -eu
[ "$1 $2" = 'enable --now' ]
for unit in "${@:3}"; do
  field() { sed -n "s/^$1=//p" "$TOWPATH_UNITS/$unit.service"; }
  account=$(field User)
  state=/var/lib/$(field StateDirectory)
  install -d -m "$(field StateDirectoryMode)" -o "${account:-root}" "$state"
  become=()
  if [ -n "$account" ]; then become=(setpriv --reuid "$account" --regid "$account" --clear-groups); fi
  read -r -a command <<< "$(field ExecStart)"
  command[0]=$(basename "${command[0]}")
  "${become[@]}" "${command[@]}" > "/var/lib/machine/$unit.log" 2>&1 < /dev/null &
  started=$!
  if [ "$(field Type)" != notify ]; then continue; fi
  until towpath agent status > /dev/null 2>&1; do
    if ! kill -0 "$started"; then cat "/var/lib/machine/$unit.log"; exit 1; fi
    sleep 0.2
  done
done
