// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_QNN_QNNOPS
#define PEBBLE_DIALECTS_QNN_QNNOPS
include "dialects/qnn/QNNDialect.td"
include "dialects/qnn/QNNLayers.td"
include "dialects/qnn/QNNKernels.td"
#endif
