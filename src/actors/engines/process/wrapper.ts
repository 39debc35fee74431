/**
 * What stands above a container's process. It is small enough to read at a glance and needs nothing but a POSIX shell,
 * `dd`, `find`, `mkfifo`, `mv`, `rm` and `setsid`, as it has to outlive the agent that started it.
 *
 * 1. It writes who it is and who its process is, by pid and start time, before it says `ready` on descriptor 3.
 * 2. It writes the exit code once its process has ended, into a file of this process, and ends whatever that left behind
 *    in its group.
 * 3. Each output goes through a pipe of its own to files with rising numbers; a full one is never written again.
 * 4. Signals for its process do not reach it: that is in a session of its own.
 *
 * Arguments: folder, working directory, bytes of a log file, number of log files (0: nothing is kept), the `cgroup.procs`
 * of a cgroup or nothing, and the command. The container's variables are in `env.sh` of the folder, out of others' sight.
 */
export const WRAPPER = `
umask 077
folder=$1 work=$2 size=$3 files=$4 group=$5
shift 5
exec 2>&3
trap : HUP INT TERM PIPE USR1 USR2
cd "$folder" || exit 1
read -r boot < /proc/sys/kernel/random/boot_id

born() {
  # Of one that is over nothing is left to read.
  born=0
  [ -r "/proc/$1/stat" ] && read -r line < "/proc/$1/stat" || return
  set -- \${line##*) }
  shift 19
  born=$1
}
capture() {
  trap '' HUP INT TERM PIPE USR1 USR2
  exec 2> /dev/null 3>&-
  n=1
  for each in "$1".*; do
    [ -e "$each" ] && [ "\${each##*.}" -gt "$n" ] && n=\${each##*.}
  done
  while :; do
    said=$(dd bs=8192 count=16 2>&1 >> "$1.$n")
    case $said in
      *'0+0 records in'*) break ;;
      *'records in'*) ;;
      *) exec dd of=/dev/null ;;
    esac
    [ -n "$(find "$1.$n" -size "+\${size}c")" ] || continue
    n=$((n + 1))
    rm -f "$1.$((n - files))"
  done
}

rm -f out err
if [ "$files" -gt 0 ]; then
  mkfifo out err || exit 1
  capture stdout.log < out &
  capture stderr.log < err &
  exec 4> out 5> err
else
  exec 4> /dev/null 5> /dev/null
fi
setsid /bin/sh -c '
  [ -z "$1" ] || echo $$ > "$1"
  cd "$2" || exit 126
  shift 2
  . "$1"
  shift
  exec "$@"
' container "$group" "$work" "$folder/env.sh" "$@" < /dev/null >&4 2>&5 3>&- 4>&- 5>&- &
child=$!
exec 4>&- 5>&-
born "$child"
of=$born
born "$$"
printf '%s\\n' "$boot $$ $born $child $of" > run.new
mv -f run.new run
rm -f out err
printf 'ready\\n' >&3
exec 2> /dev/null 3>&-

while :; do
  wait "$child"
  code=$?
  born "$child"
  [ "$born" = "$of" ] && [ "$of" != 0 ] || break
done
kill -s KILL -- "-$child"
printf '%s\\n' "$code" > exit.new
mv -f exit.new "exit-$child-$of"
`;
