// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Policy.h"

#include <nlohmann/json.hpp>

#include <set>

using namespace pebble::quantize;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr int kFewest = 2, kMost = 8;
constexpr const char *kFloat = "float";

class Parser {
public:
  explicit Parser(std::vector<std::string> &problems) : problems(problems) {}

  void add(const std::string &problem) { problems.push_back(problem); }

  /// Reads {"weights": N, "activations": N}; numbers that are absent stay.
  void bits(const json &value, const std::string &where, Bits &result, bool &namesWeights) {
    if (!value.is_object())
      return add(where + " is " + value.dump() +
                 "; expected an object like {\"weights\": 8, \"activations\": 8}");
    for (const auto &[key, number] : value.items()) {
      int *target = key == "weights"       ? &result.weights
                    : key == "activations" ? &result.activations
                                           : nullptr;
      if (!target) {
        add(where + " has the unknown key '" + key + "'; expected weights or activations");
        continue;
      }
      namesWeights |= key == "weights";
      // Floats and large numbers are no widths, whatever they are rounded to.
      if (!number.is_number_integer() || number < kFewest || number > kMost)
        add(where + " gives " + key + " " + number.dump() + " bits; expected an integer from " +
            std::to_string(kFewest) + " to " + std::to_string(kMost));
      else
        *target = number.get<int>();
    }
  }

private:
  std::vector<std::string> &problems;
};

} // namespace

Policy Policy::parse(std::string_view text, std::vector<std::string> &problems) {
  Policy policy;
  Parser parser(problems);
  json root;
  try {
    // A key that is given twice would silently win or lose.
    std::vector<std::set<std::string>> open;
    root = json::parse(text, [&](int, json::parse_event_t event, json &parsed) {
      if (event == json::parse_event_t::object_start)
        open.emplace_back();
      else if (event == json::parse_event_t::object_end)
        open.pop_back();
      else if (event == json::parse_event_t::key &&
               !open.back().insert(parsed.get<std::string>()).second)
        parser.add("the key '" + parsed.get<std::string>() + "' is given twice");
      return true;
    });
  } catch (const json::exception &error) {
    parser.add(std::string("it is not JSON: ") + error.what());
    return policy;
  }
  if (!root.is_object()) {
    parser.add("it is no JSON object; expected {\"schema_version\": 1, \"default\": ..., "
               "\"layers\": ...}");
    return policy;
  }
  if (!root.contains("schema_version"))
    parser.add("schema_version is missing; expected " + std::to_string(kPolicySchema));
  bool ignored = false;
  if (root.contains("default"))
    parser.bits(root["default"], "default", policy.byDefault, ignored);
  for (const auto &[key, value] : root.items()) {
    if (key == "schema_version" && value != kPolicySchema)
      parser.add("schema_version is " + value.dump() + "; expected " +
                 std::to_string(kPolicySchema));
    else if (key != "schema_version" && key != "default" && key != "layers")
      parser.add("the key '" + key + "' is unknown; expected schema_version, default and layers");
  }
  if (!root.contains("layers"))
    return policy;
  if (!root["layers"].is_object()) {
    parser.add("layers is no object; expected one with a key for each layer");
    return policy;
  }
  for (const auto &[name, value] : root["layers"].items()) {
    Entry entry = {policy.byDefault, false};
    if (value == kFloat)
      entry.bits.isInteger = false;
    else
      parser.bits(value, "layer '" + name + "'", entry.bits, entry.namesWeights);
    policy.layers[name] = entry;
  }
  return policy;
}

Bits Policy::bitsOf(const std::string &layer) const {
  auto found = layers.find(layer);
  return found == layers.end() ? byDefault : found->second.bits;
}

void Policy::check(const std::map<std::string, bool> &known,
                   std::vector<std::string> &problems) const {
  for (const auto &[name, entry] : layers) {
    auto found = known.find(name);
    if (found == known.end())
      problems.push_back("layer '" + name +
                         "' is none of the model's; --print-policy lists those it has");
    else if (entry.namesWeights && !found->second)
      problems.push_back("layer '" + name + "' has no weights; expected only activations");
  }
}

std::string pebble::quantize::writePolicy(const Policy &policy,
                                          const std::vector<std::pair<std::string, bool>> &layers) {
  auto entry = [](const Bits &bits, bool hasWeights) -> ordered_json {
    if (!bits.isInteger)
      return kFloat;
    ordered_json value;
    if (hasWeights)
      value["weights"] = bits.weights;
    value["activations"] = bits.activations;
    return value;
  };
  ordered_json root = {{"schema_version", kPolicySchema},
                       {"default", entry(policy.defaults(), true)},
                       {"layers", ordered_json::object()}};
  for (const auto &[name, hasWeights] : layers)
    root["layers"][name] = entry(policy.bitsOf(name), hasWeights);
  return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}
