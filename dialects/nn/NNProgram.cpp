// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/NN.h"

using namespace mlir;
using namespace pebble::nn;

LogicalResult FusedOp::verify() {
  Block &body = getBody().front();
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("has region arguments ")
           << body.getArgumentTypes() << " for inputs " << getInputs().getTypes();
  auto yield = dyn_cast<YieldOp>(body.back());
  if (!yield)
    return emitOpError("must end in nn.yield");
  if (yield.getValues().getTypes() != getResultTypes())
    return emitOpError("yields ") << yield.getValues().getTypes() << " for results "
                                  << getResultTypes();
  return success();
}
