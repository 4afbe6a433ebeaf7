// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_INTERPRETER_FOLDING_H
#define PEBBLE_DIALECTS_INTERPRETER_FOLDING_H

namespace pebble::nn {
class NNDialect;
} // namespace pebble::nn

namespace pebble::interpreter {

/// Makes folding replace ops on constants by their results, unless these would be much larger.
void addConstantFolding(nn::NNDialect &dialect);

} // namespace pebble::interpreter

#endif // PEBBLE_DIALECTS_INTERPRETER_FOLDING_H
