#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# (http://www.apache.org/licenses/LICENSE-2.0, as OSS-Fuzz asks of its files.)
#
# Builds what OSS-Fuzz and ClusterFuzzLite run: each target, and beside it its dictionary,
# its options and its committed corpus. They set $SRC and $OUT, and what cargo builds with.
set -euo pipefail
cd "$SRC/put_user_page"

# For coverage these let clang count, in a format that need not be that of rustc's LLVM: nobody
# could read the counts of a program with both.
if [ "$SANITIZER" = coverage ]; then export CFLAGS="" CXXFLAGS=""; fi

cargo fuzz build -O --debug-assertions
built=${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release
# By itself, for a failure between the words of a loop is not noticed.
targets=$(cargo fuzz list)
for target in ${targets:?cargo fuzz lists no targets}; do
    # It boots a kernel in QEMU, for which there is no place.
    if [ "$target" = kernel ]; then continue; fi
    cp "$built/$target" "fuzz/dictionaries/$target".{dict,options} "$OUT/"
    zip -q -r -j "$OUT/${target}_seed_corpus.zip" "corpus/$target"
done
