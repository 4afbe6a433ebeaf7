// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Registry.h"

#include <algorithm>
#include <tuple>

namespace pebble::onnx {

namespace {

using Key = std::tuple<llvm::StringRef, llvm::StringRef, int>;
Key keyOf(const OpEntry &entry) { return {entry.domain, entry.name, entry.since}; }

} // namespace

Registry::Registry() {
  using AddFn = void (*)(std::vector<OpEntry> &);
  constexpr AddFn groups[] = {
      addElementwiseOps,  addActivationOps, addStructureOps,     addIndexingOps,  addContractionOps,
      addPoolOps,         addReductionOps,  addNormalizationOps, addRecurrentOps, addAttentionOps,
      addQuantizationOps, addControlOps,    addImageOps,         addSignalOps,    addLossOps,
      addGeneratorOps,    addTrainingOps};
  for (AddFn add : groups)
    add(rows);
  std::sort(rows.begin(), rows.end(),
            [](const OpEntry &a, const OpEntry &b) { return keyOf(a) < keyOf(b); });
}

const Registry &Registry::get() {
  static const Registry registry;
  return registry;
}

const OpEntry *Registry::find(llvm::StringRef domain, llvm::StringRef name, int opset) const {
  auto after =
      std::upper_bound(rows.begin(), rows.end(), Key{domain, name, opset},
                       [](const Key &key, const OpEntry &row) { return key < keyOf(row); });
  if (after == rows.begin())
    return nullptr;
  const OpEntry &row = *std::prev(after);
  return row.domain == domain && row.name == name ? &row : nullptr;
}

} // namespace pebble::onnx
