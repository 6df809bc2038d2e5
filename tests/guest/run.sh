#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guest tier as `make check-guest` runs it: guest.sh, once, with the newest kernel. The lab tier is what goes
# through all the kernels; that the guest's own is another one hardly matters to weir.
set -eu -o pipefail
exec "$(dirname "$0")/guest.sh" 6.12
