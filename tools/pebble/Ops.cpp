// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pebble ops: lists the ONNX operators that are imported.
#include "frontends/onnx/Registry.h"
#include "tools/pebble/Verb.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

using namespace pebble;
using namespace pebble::cli;

namespace {

constexpr int kOpsSchema = 1;

void printJson() {
  auto rows = nlohmann::ordered_json::array();
  for (const onnx::OpEntry &entry : onnx::Registry::get().entries())
    rows.push_back({{"domain", entry.domain.str()},
                    {"name", entry.name.str()},
                    {"since", entry.since},
                    {"limits", entry.limits.str()}});
  nlohmann::ordered_json json = {{"schema_version", kOpsSchema}, {"ops", rows}};
  std::printf("%s\n", json.dump(1).c_str());
}

void print() {
  std::printf("%-40s %-6s %s\n", "operator", "since", "limits");
  for (const onnx::OpEntry &entry : onnx::Registry::get().entries()) {
    std::string name = (entry.domain.empty() ? "" : entry.domain.str() + ".") + entry.name.str();
    std::string limits = entry.limits.str();
    std::printf("%-40s %-6d %s\n", name.c_str(), entry.since, limits.c_str());
  }
}

} // namespace

std::function<int()> pebble::cli::declareOps(CLI::App &app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "Print JSON");
  return [json] {
    *json ? printJson() : print();
    return static_cast<int>(kSuccess);
  };
}
