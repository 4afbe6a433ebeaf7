// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/report/QuantizeReport.h"

#include "tools/pebble/report/Html.h"

#include <algorithm>
#include <cstdio>

using namespace pebble;
using namespace pebble::cli;
using nlohmann::ordered_json;
using quantize::FloatNode;
using quantize::LayerResult;
using quantize::QuantizeResult;

namespace {

/// A layer below the first is worth a look, one below the second is likely broken.
constexpr double kFine = 25, kPoor = 12;
constexpr double kFullBar = 60;

constexpr int kReportSchema = 1;

constexpr const char *kStyle = "<style>.bar{display:inline-block;height:.7em;background:#3a8}"
                               ".fair .bar{background:#c92}.poor .bar{background:#c44}</style>\n";

std::string number(double value, const char *format = "%.1f") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string cell(const std::string &text) { return "<td>" + text + "</td>"; }

std::string noiseCell(double decibels) {
  double width = std::clamp(decibels / kFullBar, 0.0, 1.0) * 10;
  return "<td>" + number(decibels) + " <span class=\"bar\" style=\"width:" + number(width) +
         "em\"></span></td>";
}

const char *classOf(double decibels) {
  return decibels >= kFine ? "fine" : decibels >= kPoor ? "fair" : "poor";
}

} // namespace

ordered_json pebble::cli::quantizeReportJson(const std::string &model, const std::string &method,
                                             const QuantizeResult &result) {
  ordered_json root = {{"schema_version", kReportSchema},
                       {"model", model},
                       {"method", method},
                       {"samples", result.samples},
                       {"layers", ordered_json::array()},
                       {"outputs", ordered_json::array()},
                       {"float", ordered_json::array()}};
  for (const LayerResult &layer : result.layers) {
    ordered_json entry = {{"name", layer.name}, {"op", layer.op}};
    if (layer.hasWeight) {
      entry["weights"] = layer.bits.weights;
      entry["weights_sqnr_db"] = layer.weightNoise;
    }
    entry["activations"] = layer.bits.activations;
    entry["sqnr_db"] = layer.noise;
    entry["result"] = {{"bits", layer.code.bits},
                       {"scale", layer.code.scale},
                       {"zero_point", layer.code.zeroPoint},
                       {"low", layer.code.low()},
                       {"high", layer.code.high()}};
    root["layers"].push_back(std::move(entry));
  }
  for (const auto &[name, noise] : result.outputs)
    root["outputs"].push_back({{"name", name}, {"sqnr_db", noise}});
  for (const FloatNode &node : result.floats)
    root["float"].push_back({{"name", node.name}, {"op", node.op}, {"reason", node.reason}});
  return root;
}

std::string pebble::cli::quantizeReportPage(const std::string &model, const std::string &method,
                                            const QuantizeResult &result) {
  std::string page = std::string(kStyle) + "<p>Quantized by " + escapeHtml(method) + " on " +
                     std::to_string(result.samples) +
                     " samples. SQNR: the power of a float result over that of its difference "
                     "from the quantized model's, errors of all layers before included.</p>\n"
                     "<table><tr><th>layer</th><th>operator</th><th>weights, bit</th>"
                     "<th>activations, bit</th><th>weights, dB</th><th>range</th><th>SQNR, dB</th>"
                     "</tr>\n";
  for (const LayerResult &layer : result.layers)
    page += std::string("<tr class=\"") + classOf(layer.noise) + "\">" +
            cell(escapeHtml(layer.name)) + cell(escapeHtml(layer.op)) +
            cell(layer.hasWeight ? std::to_string(layer.bits.weights) : "") +
            cell(std::to_string(layer.bits.activations)) +
            cell(layer.hasWeight ? number(layer.weightNoise) : "") +
            cell(number(layer.code.low(), "%.4g") + " … " + number(layer.code.high(), "%.4g")) +
            noiseCell(layer.noise) + "</tr>\n";
  page += "</table>\n<h2>Outputs</h2>\n<table><tr><th>output</th><th>SQNR, dB</th></tr>\n";
  for (const auto &[name, noise] : result.outputs)
    page += std::string("<tr class=\"") + classOf(noise) + "\">" + cell(escapeHtml(name)) +
            noiseCell(noise) + "</tr>\n";
  page += "</table>\n";
  if (!result.floats.empty()) {
    page += "<h2>In float</h2>\n<table><tr><th>node</th><th>operator</th><th>why</th></tr>\n";
    for (const FloatNode &node : result.floats)
      page += "<tr>" + cell(escapeHtml(node.name)) + cell(escapeHtml(node.op)) +
              cell(escapeHtml(node.reason)) + "</tr>\n";
    page += "</table>\n";
  }
  return htmlPage(model, page);
}
