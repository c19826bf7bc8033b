#!/usr/bin/env bash
# Runs the README's two commands on other releases of Debian, each in a chroot of its own, and prints a table.
#
#   tests/portability/debian.sh [SUITE ...] [-- PRESET ...]
#
# Without words: trixie and sid, and all that ./learn verify builds. Needs root, debootstrap, and Debian's packages. Each release
# takes 5 GB below build/portability, where it stays for the next run, and as long as ./learn verify does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD

suites=() presets=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do suites+=("$1"); shift; done
[ $# -eq 0 ] || { shift; presets=("$@"); }
[ ${#suites[@]} -gt 0 ] || suites=(trixie sid)
[ "$(id -u)" = 0 ] || { echo "debian.sh makes chroots. Start it as root." >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing. Type: apt-get install -y debootstrap" >&2; exit 2; }

# A namespace for mounts: whatever is mounted in it goes when the command ends, however it ends.
inside() {    # SUITE COMMAND...: in the chroot, in the course's folder, as CI
    local place=$root/build/portability/$1; shift
    unshare --mount sh -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"' "$place" \
        env -i CI=true HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c 'cd /course && exec "$@"' sh "$@"
}

version() {    # SUITE PACKAGE...: of the first that is installed
    local suite=$1 name; shift
    for name in "$@"; do
        inside "$suite" dpkg-query -W -f '${Version}\n' "$name" 2>/dev/null | sed 's/^[0-9]*://; s/[-+~].*//' | grep . && return
    done
    echo -
}

failed=0
rows=()
for suite in "${suites[@]}"; do
    place=$root/build/portability/$suite
    if [ ! -x "$place/usr/bin/apt-get" ]; then
        mkdir -p "$place"
        debootstrap --variant=minbase "$suite" "$place" >"$place.log" 2>&1 || { tail -3 "$place.log" >&2; exit 1; }
    fi
    rm -rf "$place/course"
    git -c safe.directory="*" clone -q "$root" "$place/course"

    began=$SECONDS status=0
    inside "$suite" ./learn >"$place-learn.log" 2>&1 </dev/null || status=$?
    # The first test is red, and the course says where: that is status 1.
    if [ "$status" -eq 1 ] && grep -q '^open  mine/01-poll/' "$place-learn.log"; then first="red test after $((SECONDS - began)) s"
    else first="status $status"; failed=1; fi

    status=0
    inside "$suite" ./learn verify "${presets[@]}" >"$place-verify.log" 2>&1 </dev/null || status=$?
    [ "$status" -eq 0 ] || failed=1
    rows+=("$suite|$(version "$suite" g++)|$(version "$suite" clang-19)|$(version "$suite" libfmt-dev)|$(version "$suite" doctest-dev)|$first|$(tail -1 "$place-verify.log")")
done

{
    echo "suite|g++|clang|fmt|doctest|./learn|./learn verify"
    printf '%s\n' "${rows[@]}"
} | column -t -s '|'
exit $failed
