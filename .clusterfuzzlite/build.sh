#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# (http://www.apache.org/licenses/LICENSE-2.0, as OSS-Fuzz asks of its files.)
#
# ClusterFuzzLite builds as OSS-Fuzz does.
exec "$SRC/put_user_page/scripts/oss-fuzz/build.sh"
