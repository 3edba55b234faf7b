#!/usr/bin/env bash
# The door to build.ps1 for machines with and without PowerShell:
#   ./build.sh build | test | demo … | bench … | pester | pack | docs | clean | exec script.ps1 argument…
# Runs on pwsh 7.4 or newer where there is one, otherwise on eng/pwsh-host, which is built once into out/tools.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

# pwsh -File ends with 0 after Ctrl+C; whoever called this script must not take that for success.
trap 'exit 130' INT

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

usage() {
    sed -n '3s/^#  *//p' "${BASH_SOURCE[0]}" >&2
    exit 64
}

require_sdk() {
    command -v dotnet >/dev/null ||
        fail "the .NET SDK 10 is missing. Get it from https://dotnet.microsoft.com/download/dotnet/10.0 (or, where your distribution has it: apt install dotnet-sdk-10.0)"
    # In the root, where global.json says which one.
    (cd "$root" && dotnet --version >/dev/null) || fail "the .NET SDK that global.json asks for is missing (see above)"
}

pwsh_is_usable() {
    command -v pwsh >/dev/null &&
        pwsh -NoProfile -NonInteractive -Command 'exit [int]($PSVersionTable.PSVersion -lt [version]"7.4")' >/dev/null 2>&1
}

build_host() {
    local output="$root/out/tools/pwsh-host" sources="$root/eng/pwsh-host" log
    local stamp="$output/.built"
    if [[ -f "$stamp" ]] && [[ -z "$(find "$sources" "$root/Directory.Build.props" "$root/Directory.Packages.props" "$root/global.json" \
        \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print -quit)" ]]; then
        return
    fi

    rm -rf "$output"
    log="$(dotnet publish "$sources/pwsh-host.csproj" --nologo -v quiet -c Release -o "$output" 2>&1)" || {
        echo "$log" >&2
        fail "eng/pwsh-host does not build"
    }
    touch "$stamp"
}

(($# > 0)) || usage
task="$1"
shift
case "$task" in
    build | test | demo | bench | pester | pack | docs | clean | exec) ;;
    *) usage ;;
esac

require_sdk
if pwsh_is_usable; then
    host=(pwsh -NoProfile -File)
else
    build_host
    host=("$root/out/tools/pwsh-host/pwsh-host" -NoProfile -File)
fi

if [[ "$task" == exec ]]; then
    (($# > 0)) || usage
    # Build first, then start the script itself, so that none of its parameters can be taken for one of build.ps1.
    "${host[@]}" "$root/build.ps1" -Task Build -IfChanged >&2
    PSModulePath="$root/out${PSModulePath:+:$PSModulePath}" "${host[@]}" "$@"
else
    "${host[@]}" "$root/build.ps1" -Task "$task" "$@"
fi
