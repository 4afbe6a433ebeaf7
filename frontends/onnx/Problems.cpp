// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Problems.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace pebble::onnx {

/// Names and messages quote the file: keep its control characters out of terminals and logs.
static void printClean(llvm::raw_ostream &os, llvm::StringRef text) {
  for (char c : text)
    os << (static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
}

std::string Problem::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "error[E" << static_cast<int>(code) << "]: ";
  if (!op.empty()) {
    os << "node '";
    printClean(os, node);
    os << "' (";
    if (!domain.empty()) {
      printClean(os, domain);
      os << '.';
    }
    printClean(os, op);
    os << ", opset " << opset << "): ";
  }
  printClean(os, message);
  return text;
}

void Problems::add(ProblemCode code, const llvm::Twine &message) {
  add({.code = code, .node = {}, .op = {}, .domain = {}, .opset = 0, .message = message.str()});
}

void Problems::append(Problems other) {
  for (Problem &problem : other.list)
    list.push_back(std::move(problem));
}

int Problems::exitCode() const {
  if (list.empty())
    return 0;
  if (llvm::any_of(list, [](const Problem &p) { return p.code == ProblemCode::Internal; }))
    return 70;
  return llvm::all_of(list, [](const Problem &p) { return p.isUnsupported(); }) ? 3 : 2;
}

void Problems::print(llvm::raw_ostream &os) const {
  for (const Problem &problem : list)
    os << problem.str() << '\n';
}

} // namespace pebble::onnx
