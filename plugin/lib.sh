# shellcheck shell=sh
# Functions shared by the scripts in this folder: missing packages and their installation, the Rust toolchain, the build, and
# Wireshark's version. Sourced, not executed. POSIX sh only, because it must run on any new machine.

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
me=$0

say() { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "$me" "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# printable_word WORD: with a question mark for each byte that a terminal might obey
printable_word() { printf '%s\n' "$1" | LC_ALL=C tr -c '[:print:]\n' '?'; }

# wrong_usage REASON…: prints it and exits
wrong_usage() {
    printf '%s: %s; see %s --help\n' "$me" "$*" "$me" >&2
    exit 2
}

# skip NAME REASON…: says that something is left out, and adds it to the list of whoever keeps one
skip() {
    skipped=$1
    shift
    say "Skipped: $skipped: $*"
    if [ -n "${WORKERMANCHAT_SKIPPED:-}" ]; then say "$skipped: $*" >>"$WORKERMANCHAT_SKIPPED"; fi
}

# asks_for_help ARGUMENT…: true if one of them is -h or --help
asks_for_help() { for argument in "$@"; do case $argument in -h | --help) return 0 ;; esac; done; return 1; }

# A seed of a random generator
new_seed() { od -An -N 3 -t u4 /dev/urandom | tr -d ' '; }

# --- the end of a script ----------------------------------------------------------------------------------------------

# at_end COMMAND: a shell's command that runs when this script ends, by itself or by a signal that can be caught; the newest first. A trap
# that the script sets behind the first of these stays.
at_end() {
    case ${endings:-} in
        *"{ $1; }"*) return ;;
        '')
            trap 'eval "$endings"' EXIT
            trap 'exit 129' HUP
            trap 'exit 130' INT
            trap 'exit 143' TERM
            ;;
    esac
    endings="{ $1; } || :
${endings:-}"
}

# Makes a temporary folder, `scratch`, which goes when the script ends.
make_scratch() {
    at_end remove_scratch
    scratch=$(as_builder mktemp -d) || fail "could not make a temporary folder, for the reason above."
}
remove_scratch() { rm -rf "${scratch:-}"; }

# piped PRODUCER CONSUMER [FILE]: runs two commands as a pipeline does, and behind what PRODUCER prints gives CONSUMER a line "status N" with
# its exit status; FILE is what PRODUCER reads, to be shown. Returns CONSUMER's. Both are functions that end in `exec`, so that they are children of this shell: it can end them when a
# signal comes, which it does not act on while it runs a pipeline.
piped() {
    open_pipe
    at_end end_children
    { "$1" <&3 >&5 3<&- 4<&- 5>&- & } 3<&0 # a command in the background is not given the standard input
    producer=$!
    "$2" <&4 4<&- 5>&- &
    consumer=$!
    exec 4<&-
    if [ -n "${3:-}" ]; then show_reading "$producer" "$3"; fi
    wait_for "$producer"
    producer=''
    end_reading
    (printf '\nstatus %s\n' "$ended" >&5) 2>/dev/null || : # nobody may read it any more
    exec 5>&-
    wait_for "$consumer"
    consumer=''
    return "$ended"
}
producer='' consumer=''
# wait_for CHILD: sets `ended` to its exit status. A trap that comes back does not end the wait.
wait_for() {
    while :; do
        ended=0
        wait "$1" || ended=$?
        if [ "$ended" -le 128 ] || ! kill -0 "$1" 2>/dev/null; then return; fi
    done
}
# tshark only takes note of other signals, and may wait for packets.
end_children() {
    for child in $producer $consumer; do
        kill -s KILL "$child" || :
        wait "$child" || :
    done 2>/dev/null
}
# Opens a pipe, to be written to as 5 and read from as 4. Opened for both first, neither end waits for the other.
open_pipe() {
    make_scratch
    mkfifo "$scratch/pipe" || fail "could not make a pipe, for the reason above."
    # shellcheck disable=SC2094 # it is no file
    exec 3<>"$scratch/pipe" 4<"$scratch/pipe" 5>"$scratch/pipe" 3<&-
    remove_scratch
}

# --- how much has been read -------------------------------------------------------------------------------------------

# show_reading PID FILE: says each second on the terminal how much of the file that process has read, until `end_reading`. Says nothing where
# standard error is no terminal, or where what the process prints goes to one.
show_reading() {
    if [ ! -t 2 ] || [ -t 1 ]; then return; fi
    at_end end_reading
    watch_reading "$@" >&2 4<&- 5>&- &
    watcher=$!
}
watcher=''
end_reading() {
    [ -n "$watcher" ] || return 0
    { kill "$watcher"; wait "$watcher"; } 2>/dev/null || :
    watcher=''
    printf '\r\033[K' >&2
}
# The cursor stays at the beginning of the line, so that a message stands there.
watch_reading() {
    while sleep 1 && kill -0 "$1" 2>/dev/null; do
        printf '\r\033[K%s: reading %.50s%s\r' "$me" "$(printable_word "${2##*/}")" "$(share_read "$@")"
    done
}
# share_read PID FILE: how much of the file the process has read; nothing where the system does not say it. Of a file that is open twice, the
# place that is further counts.
share_read() {
    read=0 size=$(wc -c <"$2") || return 0
    for open_file in "/proc/$1/fd"/*; do
        # shellcheck disable=SC3013 # in every sh that has /proc
        if [ "$open_file" -ef "$2" ]; then
            place=$(sed -n 's/^pos:[[:space:]]*//p' "/proc/$1/fdinfo/${open_file##*/}" 2>/dev/null) || continue
            if [ "${place:-0}" -gt "$read" ]; then read=$place; fi
        fi
    done
    if [ "$read" -gt 0 ] && [ "$size" -gt 0 ]; then say ", $((read * 100 / size)) %"; fi
}

# --- what cannot be printed -------------------------------------------------------------------------------------------

# unwritten STATUS: ends the script because a program that prints ended so. It is no fault that nobody reads any more, as in `… | head -1`.
unwritten() {
    [ "$1" != 141 ] || exit 0 # 128 + SIGPIPE
    fail "what this prints could not be written to its end. Is the disk full?"
}

# --- files that are there whole or not at all -------------------------------------------------------------------------

# place FILE TARGET [RUN]: copies FILE. TARGET stays as it was until all is written; the name meanwhile is none that Wireshark loads. RUN
# runs a command with the rights that it needs.
place() {
    begin_part "$2" "${3:-command}"
    "$part_run" cp "$1" "$part" && "$part_run" chmod 644 "$part" && "$part_run" cmp -s "$1" "$part" && end_part
}

# write_whole TARGET COMMAND…: the same with what COMMAND prints; not if it fails
write_whole() {
    begin_part "$1" command
    shift
    "$@" >"$part" && end_part
}

part=''
begin_part() {
    drop_part
    part_of=$1 part_run=$2 part=$1.unfinished-$$
    at_end drop_part
}
end_part() { "$part_run" mv -f "$part" "$part_of" && part=''; }
drop_part() {
    if [ -n "$part" ]; then "$part_run" rm -f "$part"; fi
    part=''
}

# quoted WORD: as a shell takes it for one word
quoted() { printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"; }

# --- the home ---------------------------------------------------------------------------------------------------------

# home_of USER: the home folder of a user, by name or number; nothing if the system knows no such user
home_of() {
    if have getent; then
        getent passwd "$1" | cut -s -d : -f 6 || :
    else
        dscl . -read "/Users/$1" NFSHomeDirectory | sed -n 's/^[^:]*: //p' || :
    fi 2>/dev/null
}

# Some services have no HOME.
if [ -z "${HOME:-}" ]; then
    HOME=$(home_of "$(id -un)")
    if [ -n "$HOME" ]; then export HOME; fi
fi
need_home() { [ -n "$HOME" ] || fail "HOME is not set, and the system knows no home folder of this user. Set it, and run this again."; }

# Where plugin/test-versions keeps its Debian roots
roots_folder() { say "${WORKERMANCHAT_ROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/workermanchat/roots}"; }

# --- rights -----------------------------------------------------------------------------------------------------------

is_root() { [ "$(id -u)" = 0 ]; }
can_be_root() { is_root || have sudo; }
as_root() { if is_root; then "$@"; else sudo "$@"; fi; }

# The user who builds. Under sudo, the user who called sudo, if the source tree is writable for them, so that root does not
# own files there. Empty: the current user.
builder=
if is_root && [ "${SUDO_USER:-root}" != root ] && sudo -u "$SUDO_USER" test -w "$root"; then builder=$SUDO_USER; fi
builder_home=$HOME
if [ -n "$builder" ]; then builder_home=$(home_of "$builder"); fi

as_builder() {
    if [ -z "$builder" ]; then "$@"; return; fi
    sudo -H --preserve-env=CARGO_TARGET_DIR,WIRESHARK_INCLUDE_DIR,WORKERMANCHAT_SKIPPED,WORKERMANCHAT_VARIANTS -u "$builder" -- env PATH="$PATH" "$@"
}

# --- versions ---------------------------------------------------------------------------------------------------------

# manifest KEY: its value in Cargo.toml's [package], such as version or rust-version
manifest() { sed -n "s/^$1 = \"\(.*\)\".*/\1/p" "$root/Cargo.toml" | head -n 1; }

# at_least HAVE WANT: dotted version numbers, compared by their first two parts
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t . -k 1,1n -k 2,2n | head -n 1)" = "$2" ]
}

# X.Y of the first tshark in PATH, or nothing
tshark_version() { tshark --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p'; }

# built_for FILE: X.Y of the Wireshark that the plugin was built for, from the marker in the file; or nothing
built_for() {
    LC_ALL=C grep -ao 'workermanchat built for Wireshark [0-9]*\.[0-9]*' "$1" | sed -n '1s/.* //p'
}

# --- the Rust toolchain -----------------------------------------------------------------------------------------------

# The folder of the first rustc and cargo that are new enough; includes rustup's folder, which is not in sudo's PATH.
rust_folder() {
    IFS=:
    # shellcheck disable=SC2086 # PATH is split at its colons
    set -- $PATH "${CARGO_HOME:-$builder_home/.cargo}/bin" /usr/lib/rust-1.*/bin # the last are Ubuntu's
    unset IFS
    for folder in "$@"; do
        if [ ! -x "$folder/cargo" ] || [ ! -x "$folder/rustc" ]; then continue; fi
        found=$(as_builder "$folder/rustc" --version 2>/dev/null | cut -d ' ' -f 2)
        if [ -n "$found" ] && at_least "$found" "$(manifest rust-version)"; then say "$folder"; return; fi
    done
    return 1
}

# The first package in apt's lists with a Rust that is new enough; in Debian 12 it is cargo-web, because `cargo` is older.
rust_package() {
    for package in cargo cargo-web $(apt-cache search --names-only '^cargo-1\.[0-9]+$' | cut -d ' ' -f 1 | sort -V); do
        candidate=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p')
        case $candidate in [0-9]*) ;; *) continue ;; esac
        if dpkg --compare-versions "$candidate" ge "$(manifest rust-version)"; then say "$package"; return; fi
    done
    return 1
}

# --- missing packages -------------------------------------------------------------------------------------------------

have_headers() { [ -n "${WIRESHARK_INCLUDE_DIR:-}" ] || pkg-config --exists wireshark 2>/dev/null; }

# bindgen needs libclang and clang's headers, which the package of the library does not contain.
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return
    any /usr/lib/llvm-*/lib/libclang[.-]*so* /usr/lib*/libclang[.-]*so* /Library/Developer/CommandLineTools/usr/lib/libclang.dylib \
        /opt/homebrew/opt/llvm/lib/libclang.dylib /usr/local/opt/llvm/lib/libclang.dylib &&
        any /usr/lib/llvm-*/lib/clang/*/include/stddef.h "$(command -v clang)"
}
# any FILE…: true if at least one exists
any() { for file in "$@"; do if [ -e "$file" ]; then return 0; fi; done; return 1; }

# lacks NEED…: prints those that are missing on this machine
# shellcheck disable=SC2034 # for the scripts that source this
all_needs='tshark headers libclang compiler pkg-config rust certificates'
lacks() {
    for need in "$@"; do
        case $need in
            headers) have_headers ;;
            libclang) have_libclang ;;
            compiler) have cc ;;
            rust) rust_folder >/dev/null ;;
            rustfmt) has_subcommand fmt ;;
            clippy) has_subcommand clippy ;;
            certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] || ! have apt-get ;;
            *) have "$need" ;;
        esac || say "$need"
    done
}

# has_subcommand NAME: of the cargo that builds
has_subcommand() { (PATH=$(rust_folder):$PATH as_builder cargo "$1" --version) >/dev/null 2>&1; }

# described NEED…: their names for the user, on one line
described() {
    for need in "$@"; do
        case $need in
            headers) say "Wireshark's headers" ;;
            compiler) say "a C compiler" ;;
            rust) say "Rust $(manifest rust-version) or newer" ;;
            certificates) say "CA certificates (to fetch crates)" ;;
            *) say "$need" ;;
        esac
    done | paste -s -d , - | sed 's/,/, /g'
}

# debian_packages NEED…: their Debian packages, one per line
debian_packages() {
    for need in "$@"; do
        case $need in
            headers) say wireshark-dev ;;
            libclang) say libclang-dev ;;
            compiler) say gcc; say libc6-dev ;;
            rust) rust_package || return 1 ;;
            rustfmt) say "rustfmt$(of_web)" ;;
            clippy) say "rust$(of_web)-clippy" ;;
            Xvfb) say xvfb ;;
            certificates) say ca-certificates ;;
            sharkd) say wireshark-common ;;
            *) say "$need" ;;
        esac
    done
}

# The part of a name that tells the Rust of Debian 12 that is new enough from the one that is not
of_web() { case $(rust_package) in *-web) say -web ;; esac; }

# name_packages REASON…: prints the packages to install on each system; exits
name_packages() {
    cat >&2 <<END
$*
Install these packages, then run the command again:
  Debian 12    tshark wireshark-dev libclang-dev gcc libc6-dev pkg-config cargo-web
  Debian 13    tshark wireshark-dev libclang-dev gcc libc6-dev pkg-config cargo
  Ubuntu       tshark wireshark-dev libclang-dev gcc libc6-dev pkg-config cargo-1.85
  Fedora       wireshark-cli wireshark-devel clang-devel gcc pkgconf-pkg-config cargo
  Arch         wireshark-cli clang gcc pkgconf rust
  macOS        brew install wireshark llvm pkgconf rust
Rust must be $(manifest rust-version) or newer; https://rustup.rs has it for every system. Nothing was changed.
END
    exit 1
}

# apt_get ARGUMENT…: runs apt-get and prints its progress, since what it does can take minutes
apt_get() {
    { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Status-Fd=1 -o DPkg::Lock::Timeout=600 "$@" || say "failed: $?"; } |
        show_progress >&2
}

# Reads apt's status lines, such as "pmstatus:libwireshark16:41.7:Unpacking libwireshark16 (amd64)"; prints a line of percentages for
# each thing that apt does. Fails if apt failed.
show_progress() {
    doing='' result=0
    while IFS= read -r line; do
        case $line in
            dlstatus:*) now=Fetching ;;
            pmstatus:*) now=Installing ;;
            "failed: "*) result=1; continue ;;
            *) continue ;;
        esac
        if [ "$now" != "$doing" ]; then
            if [ -n "$doing" ]; then say ""; fi
            printf '  %s:' "$now"
            doing=$now shown=-1
        fi
        percent=$(percent_of "$line")
        while [ "$shown" -lt $((percent / 5)) ]; do
            shown=$((shown + 1))
            printf ' %s%%' $((shown * 5))
        done
    done
    if [ -n "$doing" ]; then say ""; fi
    return $result
}
# percent_of LINE: the whole percents of a status line, which stand behind a package's name, in which there may be a colon
percent_of() {
    rest=$1
    while [ "$rest" != "${rest#*:}" ]; do
        rest=${rest#*:}
        case ${rest%%:*} in [0-9]*.[0-9]*) say "${rest%%.*}"; return ;; esac
    done
    say 0
}

# allow_removal PACKAGE…: sets `removal` to what apt is told about other packages. Where apt would remove some to install these, asks, or
# exits if there is nobody to ask.
allow_removal() {
    removal=--no-remove
    removed=$(apt-get -s -qq install --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p' | paste -s -d ' ' -)
    [ -n "$removed" ] || return 0
    say "To install $*, apt would remove these packages that you have: $removed" >&2
    if [ -t 0 ]; then
        printf 'Remove them? [y/N] ' >&2
        read -r answer || answer=no
        case $answer in [yY] | [yY][eE][sS]) removal=''; return ;; esac
    fi
    case " $*" in
        *" cargo"*) advice="To keep them, get a second Rust from https://rustup.rs (or the package rustup, if your system has it)." ;;
        *) advice="To keep them, install what is lacking in another way." ;;
    esac
    fail "nothing was changed. $advice To let apt replace them, run: $(is_root || say "sudo ")apt-get install $*
Then run this again."
}

# install_missing NEED…: lists what is missing and installs it with apt; without apt or root rights, prints the packages
# and exits.
install_missing() {
    lacking=$(lacks "$@")
    [ -n "$lacking" ] || return 0
    lock
    lacking=$(lacks "$@") # while this waited for the lock, another script may have installed it
    if [ -n "$lacking" ]; then install_packages; fi
    unlock
}

# Installs what `lacking` lists.
install_packages() {
    # shellcheck disable=SC2086 # one word is one need, here and below
    say "$me: this machine lacks: $(described $lacking)" >&2
    have apt-get || name_packages "There is no apt here to install them with."
    can_be_root || name_packages "You are not root, and there is no sudo to install them with."
    as_root true || name_packages "sudo does not let you install them."
    say "Fetching apt's package lists:" >&2
    apt_get update || say "apt-get update failed; trying with the package lists there are." >&2
    # shellcheck disable=SC2086
    packages=$(debian_packages $lacking) ||
        fail "no package here has Rust $(manifest rust-version) or newer. Get it from https://rustup.rs and run this again. Nothing was changed."
    # shellcheck disable=SC2086
    allow_removal $packages
    # shellcheck disable=SC2086
    say "Installing with apt, which takes a few minutes:" $packages >&2
    # shellcheck disable=SC2086
    apt_get install -y --no-install-recommends $removal $packages || fail "apt could not install them; its message is above."
    # shellcheck disable=SC2086
    lacking=$(lacks $lacking)
    # shellcheck disable=SC2086
    [ -z "$lacking" ] || fail "still lacking after the installation: $(described $lacking)"
}

# --- one script at a time ---------------------------------------------------------------------------------------------

# plugin/demo and plugin/test may run side by side. Neither installs packages, nor builds and copies what it built, while the other one
# does. Not every system has flock.
lock() {
    have flock || return 0
    exec 9<"$root/Cargo.toml"
    flock -n 9 && return
    say "$me: waiting for another script of this folder, which installs packages or builds" >&2
    flock 9
}
unlock() { if have flock; then flock -u 9; fi; }

# --- the build --------------------------------------------------------------------------------------------------------

# Puts a cargo and rustc that are new enough first in PATH.
use_rust() {
    [ -n "${CARGO_HOME:-}" ] || need_home
    PATH=$(rust_folder):$PATH
    export PATH
}

# cargo_do ARGUMENTS…: runs cargo in the source tree, as the user who builds
cargo_do() { (cd "$root" && as_builder cargo "$@"); }

built_plugin() {
    case $(uname -s) in Darwin) suffix=dylib ;; *) suffix=so ;; esac
    say "${CARGO_TARGET_DIR:-$root/target}/release/libworkermanchat.$suffix"
}

# --- languages --------------------------------------------------------------------------------------------------------

# The tags of the languages, as workermanchat.language has them
languages='en zh-CN zh-TW fr it pt ru'

# language_of LOCALE: the tag of a locale such as pt_BR.UTF-8; nothing for a language that is none of ours
language_of() {
    case $1 in
        zh[_-]TW* | zh[_-]HK* | zh[_-]MO* | zh[_-]Hant*) say zh-TW ;;
        zh | zh[_.@-]*) say zh-CN ;;
        *) for tag in $languages; do case $1 in "$tag" | "$tag"[_.@-]*) say "$tag" ;; esac; done ;;
    esac
}
