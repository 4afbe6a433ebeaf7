// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is wrong with a model. Reading and importing collect every problem before they give up, so
// that a user sees all of them in one run.
#ifndef PEBBLE_FRONTENDS_ONNX_PROBLEMS_H
#define PEBBLE_FRONTENDS_ONNX_PROBLEMS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
}

namespace pebble::onnx {

/// 2xxx: the file is not a valid model; 3xxx: it is valid, and Pebble does not support it; 9xxx: a
/// defect of Pebble. Numbers
/// are a stable contract: users search for them.
enum class ProblemCode : int {
  UnreadableFile = 2001,
  NotOnnx = 2002,
  IncompleteModel = 2003,
  TooLarge = 2004,
  DuplicateName = 2010,
  UndefinedName = 2011,
  NotSorted = 2012,
  TensorSize = 2020,
  TensorType = 2021,
  ExternalData = 2022,
  GraphSignature = 2030,
  Function = 2031,
  InvalidNode = 2040,
  DimBinding = 2050,
  UnsupportedOpset = 3001,
  UnsupportedType = 3002,
  UnsupportedRank = 3003,
  UnsupportedFeature = 3004,
  UnknownOperator = 3010,
  UnsupportedNode = 3011,
  Internal = 9001,
};

struct Problem {
  ProblemCode code;
  std::string node; ///< Empty when the problem is not a node's.
  std::string op;
  std::string domain; ///< "" is ai.onnx.
  int64_t opset = 0;
  std::string message; ///< What is wrong and what was expected, without a full stop.

  bool isUnsupported() const { return static_cast<int>(code) / 1000 == 3; }
  /// `error[E2040]: node 'X' (Op, opset N): what`.
  std::string str() const;
};

class Problems {
public:
  void add(Problem problem) { list.push_back(std::move(problem)); }
  void add(ProblemCode code, const llvm::Twine &message);
  void append(Problems other);
  /// Forgets those added since there were `count`.
  void truncate(size_t count) { list.erase(list.begin() + count, list.end()); }
  bool empty() const { return list.empty(); }
  size_t size() const { return list.size(); }
  llvm::ArrayRef<Problem> all() const { return list; }
  /// The exit code of the tools: 0 without problems, 2 for an invalid model, 3 for one that is
  /// merely not supported, 70 for a defect of Pebble.
  int exitCode() const;
  /// One line a problem.
  void print(llvm::raw_ostream &os) const;

private:
  std::vector<Problem> list;
};

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_PROBLEMS_H
