// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/interpreter/Elementwise.h"

#include "llvm/ADT/StringSwitch.h"

using namespace pebble::interpreter;

ElementwiseFunction pebble::interpreter::findElementwise(llvm::StringRef mnemonic) {
  if (ElementwiseFunction unary = findUnary(mnemonic))
    return unary;
  if (ElementwiseFunction binary = findBinary(mnemonic))
    return binary;
  return llvm::StringSwitch<ElementwiseFunction>(mnemonic)
      .Case("compare", evaluateCompare)
      .Case("select", evaluateSelect)
      .Case("pow", evaluatePow)
      .Case("cast", evaluateCast)
      .Default(nullptr);
}
