#!/bin/sh
# Keeps one test server and its folder, and outlives the test run by as long as it takes to remove both.
#
#   watchdog.sh FOLDER SIGNAL        SIGNAL: what ends the server when nobody is left who wants it
#
# Standard input is a pipe whose only writing end is held by the run. However the run ends, kill -9 included, the kernel
# closes that end; `read` then sees the end of the file, and everything below `finish` happens. (A parent-death signal
# would not do: it follows the thread that started the server, and a thread-pool thread may end at any time.)
#
# Commands, a line each, answered by a line each:
#   run SCRIPT          runs FOLDER/SCRIPT to its end, output to SCRIPT.log      exited CODE
#   start               starts FOLDER/serve.sh, output to server.log             started PID
#   stop SIGNAL SECONDS signals the server and waits                             stopped CODE | running
folder=$1
last_signal=$2
server=
waiter=

exec 2>>"$folder/watchdog.log"

is_running() {
    [ -n "$server" ] && [ ! -e "$folder/exit.code" ]
}

# A subshell waits for the server, so that its number cannot be given to another process before its end is written down.
start() {
    rm -f "$folder/exit.code" "$folder/server.pid"
    (
        sh "$folder/serve.sh" </dev/null >>"$folder/server.log" 2>&1 &
        echo $! >"$folder/server.pid.new"
        mv "$folder/server.pid.new" "$folder/server.pid"
        wait $!
        echo $? >"$folder/exit.code.new"
        mv "$folder/exit.code.new" "$folder/exit.code"
    ) </dev/null >/dev/null &
    waiter=$!
    until [ -e "$folder/server.pid" ]; do sleep 0.01; done
    server=$(cat "$folder/server.pid")
}

# stop SIGNAL SECONDS: true when the server has ended.
stop() {
    is_running || return 0
    kill -s "$1" "$server"
    left=$(($2 * 20))
    while is_running; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.05
    done
    wait "$waiter"
    return 0
}

finish() {
    trap '' HUP INT TERM
    stop "$last_signal" 10 || stop KILL 10
    # A child of a killed server may still write a file into a folder that is being emptied.
    tries=50
    until rm -rf -- "$folder" 2>/dev/null && [ ! -e "$folder" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || exit 1
        sleep 0.1
    done
}

trap '' PIPE
trap 'exit 1' HUP INT TERM
trap finish EXIT

while read -r command first second; do
    case $command in
        run)
            sh "$folder/$first" </dev/null >>"$folder/$first.log" 2>&1
            echo "exited $?"
            ;;
        start)
            start
            echo "started $server"
            ;;
        stop)
            if stop "$first" "$second"; then
                echo "stopped $(cat "$folder/exit.code")"
            else
                echo "running"
            fi
            ;;
    esac
done
