// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the things of an ONNX model are named.
#ifndef PEBBLE_FRONTENDS_ONNX_NAMES_H
#define PEBBLE_FRONTENDS_ONNX_NAMES_H

#include "frontends/onnx/onnx-ml.pb.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace pebble::onnx {

/// The default operator set has two spellings.
inline llvm::StringRef canonicalDomain(llvm::StringRef domain) {
  return domain == "ai.onnx" ? llvm::StringRef() : domain;
}

/// Nodes often have no name; that of the first result is unique, at least.
inline std::string nodeName(const proto::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "unnamed";
}

/// What tells the functions of a model apart.
inline std::string functionKey(llvm::StringRef domain, llvm::StringRef name,
                               llvm::StringRef overload) {
  std::string key = canonicalDomain(domain).str();
  key.push_back('\0');
  key += name.str();
  key.push_back('\0');
  return key + overload.str();
}

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_NAMES_H
