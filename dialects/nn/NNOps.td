// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_NN_NNOPS
#define PEBBLE_DIALECTS_NN_NNOPS
include "mlir/IR/EnumAttr.td"
include "dialects/nn/NNDialect.td"
include "dialects/nn/NNElementwise.td"
include "dialects/nn/NNStructure.td"
include "dialects/nn/NNCompute.td"
include "dialects/nn/NNControl.td"
include "dialects/nn/NNProgram.td"
include "dialects/nn/NNLayout.td"
#endif
