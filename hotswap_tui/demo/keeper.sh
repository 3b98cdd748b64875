# usage: sh keeper.sh DIRECTORY PROGRAMS
#
# Waits until standard input closes, which happens when the program at the other end closes it or dies, in whatever
# way. Then ends every process that works in DIRECTORY and runs from PROGRAMS (/: any program), and removes DIRECTORY.

directory=$1
programs=$2
trap '' HUP INT QUIT TERM
echo ready
exec >/dev/null

# Send a signal to all of them; false when there is none.
signal_all() {
    found=1
    for process in /proc/[0-9]*; do
        [ "$process/cwd" -ef "$directory" ] || [ "$process/cwd" -ef "$directory/data" ] || continue
        case $(readlink "$process/exe") in
            "${programs%/}"/*) kill "-$1" "${process#/proc/}" && found=0 ;;
        esac
    done 2>/dev/null
    return $found
}

while read -r _; do :; done

# SIGQUIT is PostgreSQL's immediate shutdown, which also frees its shared memory; it would not reach a stopped process.
signal_all CONT
signal_all QUIT
tries=0
while signal_all 0 && [ $tries -lt 500 ]; do
    [ $tries -lt 100 ] || signal_all KILL
    tries=$((tries + 1))
    sleep 0.01
done

# What a killed postmaster leaves behind: line 7 of its pid file is the key and the id of its shared memory.
if [ -f "$directory/data/postmaster.pid" ]; then
    segment=$(sed -n '7s/^ *[0-9]* *//p' "$directory/data/postmaster.pid")
    [ -z "$segment" ] || ipcrm -m "$segment"
fi

tries=0
while [ -e "$directory" ] && [ $tries -lt 100 ]; do
    rm -rf -- "$directory" || sleep 0.05
    tries=$((tries + 1))
done
[ ! -e "$directory" ]
