// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/Target.h"

#include "targets/cortexm/CortexMTarget.h"
#include "targets/cuda/CudaTarget.h"
#include "targets/x86/X86Target.h"

using namespace pebble;

namespace {

struct Row {
  llvm::StringLiteral name;
  std::unique_ptr<Target> (*create)();
};

constexpr Row rows[] = {
    {"x86", createX86Target},
    {"cortexm", createCortexMTarget},
    {"cuda", createCudaTarget},
};

} // namespace

Target::~Target() = default;

std::vector<MemoryRegion> Target::memoryRegions(const package::Manifest &) const { return {}; }

std::unique_ptr<Runner> Target::createRunner(const std::string &board, std::string &error) {
  if (!board.empty())
    error = "--board " + board + ": packages for " + name().str() + " do not run on boards";
  return nullptr;
}

void Artifact::addSection(llvm::StringRef name, std::string contents) {
  storage.push_back(std::make_unique<std::string>(std::move(contents)));
  sections.push_back(
      package::SectionContents::of(name.str(), storage.back()->data(), storage.back()->size()));
}

std::unique_ptr<Target> pebble::createTarget(llvm::StringRef name) {
  for (const Row &row : rows)
    if (row.name == name)
      return row.create();
  return nullptr;
}

std::vector<std::string> pebble::targetNames() {
  std::vector<std::string> names;
  for (const Row &row : rows)
    names.push_back(row.name.str());
  return names;
}

std::unique_ptr<Runner> pebble::createRunner(const std::string &target, const std::string &board,
                                             std::string &error) {
  std::unique_ptr<Target> made = createTarget(target);
  return made ? made->createRunner(board, error) : nullptr;
}
