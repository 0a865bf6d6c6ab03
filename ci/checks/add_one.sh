#!/usr/bin/env bash
# Adding one of a kind touches nothing else. Copies the source tree, adds the files of ci/checks/samples (one folder or file a kind, at the
# place where it belongs), builds the two programs there and looks for the new names in what they list.
#
#   ci/checks/add_one.sh SOURCE SCRATCH [cmake arguments]
set -euo pipefail
source=$1 scratch=$2
shift 2
samples=$source/ci/checks/samples

mkdir -p "$scratch/tree"
# Times are kept, so that a repeated run compiles only what changed.
tar --create --directory "$source" --exclude=./build --exclude=./.git . | tar --extract --directory "$scratch/tree"
while read -r file; do
  [ ! -e "$source/$file" ] || { echo "add_one: $file is in the source tree already" >&2; exit 1; }
done < <(cd "$samples" && find . -type f)
cp --recursive --preserve=timestamps "$samples/." "$scratch/tree"

# As deep in the copy as presets build in the source tree: relative paths are the same, and ccache knows most objects.
build=$scratch/tree/build/add_one
cmake -S "$scratch/tree" -B "$build" -G Ninja "$@" > "$scratch/configure.log" || { cat "$scratch/configure.log" >&2; exit 1; }
cmake --build "$build" --parallel "$("$source/ci/jobs")" --target plumb plumbd

status=0
expect() {  # program kind name
  if "$build/bin/$1" list "$2" | grep -qE "^$3[[:space:]]"; then
    echo "found: $1 list $2: $3"
  else
    echo "add_one: \`$1 list $2\` does not show $3, whose file was added" >&2
    status=1
  fi
}
expect plumbd resources sundials
expect plumbd controllers sundial
expect plumbd admission Sundial
expect plumb tests apps/sundial
expect plumb scenarios sundial-load
expect plumb formats sundial
expect plumb commands sundial
exit $status
