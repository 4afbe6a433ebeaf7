// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/NodeNames.h"

using namespace mlir;
using namespace pebble;

namespace {

void collect(Location loc, SmallVectorImpl<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!llvm::is_contained(names, name.getName().getValue()))
      names.push_back(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collect(part, names);
  } else if (auto callSite = dyn_cast<CallSiteLoc>(loc)) {
    collect(callSite.getCallee(), names);
  }
}

} // namespace

SmallVector<StringRef> pebble::nodeNames(Location loc) {
  SmallVector<StringRef> names;
  collect(loc, names);
  return names;
}
