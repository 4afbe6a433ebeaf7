// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/KernelVersions.h"

using namespace mlir;
using namespace pebble;

void KernelVersions::add(mem::LaunchOp launch, ArrayRef<int64_t> numbers) {
  launches[symbols.lookup(launch.getKernel())][Numbers(numbers)].push_back(launch);
}

void KernelVersions::apply(function_ref<void(mem::LaunchOp, DenseI64ArrayAttr)> changed) {
  for (auto &[function, launchesOf] : launches) {
    auto kernel = cast<func::FuncOp>(function);
    for (auto &[numbers, wanting] : launchesOf) {
      if (llvm::all_of(numbers, [&](int64_t number) { return number == nothing; }))
        continue;
      func::FuncOp version = kernel;
      if (launchesOf.size() > 1) {
        version = kernel.clone();
        std::string name = (kernel.getSymName() + suffix).str();
        for (int64_t number : numbers)
          name += number == nothing ? "_none" : "_" + std::to_string(number);
        version.setSymName(name);
        symbols.insert(version);
      }
      auto attr = DenseI64ArrayAttr::get(kernel.getContext(), numbers);
      version->setAttr(attribute, attr);
      for (mem::LaunchOp launch : wanting) {
        launch.setKernel(version.getSymName());
        changed(launch, attr);
      }
    }
    if (kernel.symbolKnownUseEmpty(symbols.getOp()))
      symbols.erase(kernel);
  }
  launches.clear();
}
