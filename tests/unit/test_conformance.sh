#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `weir xml` against libvirt's and netcf's own test data, where that lies beside this project (tests/conformance).
[ "${XML:-1}" != 0 ] || { echo 'SKIP: this build has no XML' && exit 77; }
exec tests/conformance/run.sh "${CONFORMANCE:-../shared/conformance}"
