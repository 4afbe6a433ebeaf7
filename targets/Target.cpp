// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/Target.h"

#include "targets/x86/X86Target.h"

using namespace pebble;

namespace {

struct Row {
  llvm::StringLiteral name;
  std::unique_ptr<Target> (*create)();
};

constexpr Row rows[] = {
    {"x86", createX86Target},
};

} // namespace

Target::~Target() = default;

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
