// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/nn/InferenceCall.h"

#include "dialects/nn/Constants.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace pebble;

void nn::InferenceCall::readValues(unsigned operand) {
  // Shape operands are lists of dims or scalars; what is larger is no list that makes sense.
  constexpr int64_t mostElements = 1024;
  RankedTensorType type = this->type(operand);
  if (!type.hasStaticShape() || type.getNumElements() > mostElements)
    return;
  if (isFloat(operand)) {
    if (auto reals = constantReals(operands[operand]))
      values[operand].reals = std::move(*reals);
  } else if (auto ints = constantInts(operands[operand])) {
    values[operand].elements.assign(ints->begin(), ints->end());
  }
}

int32_t nn::InferenceCall::fail(int32_t status, const char *text, shape::Dim first,
                                shape::Dim second) {
  auto print = [](shape::Dim dim) { return dim.isKnown() ? std::to_string(dim.value()) : "?"; };
  message = text;
  for (auto [mark, dim] : {std::pair("{0}", first), std::pair("{1}", second)})
    for (size_t at = message.find(mark); at != std::string::npos; at = message.find(mark))
      message.replace(at, 3, print(dim));
  return status;
}
