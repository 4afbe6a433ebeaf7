// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a quantization did, as JSON and as a page.
#ifndef PEBBLE_TOOLS_PEBBLE_REPORT_QUANTIZEREPORT_H
#define PEBBLE_TOOLS_PEBBLE_REPORT_QUANTIZEREPORT_H

#include "tools/quantize/Quantizer.h"

#include <nlohmann/json.hpp>

namespace pebble::cli {

nlohmann::ordered_json quantizeReportJson(const std::string &model, const std::string &method,
                                          const quantize::QuantizeResult &result);

/// One file that needs no other.
std::string quantizeReportPage(const std::string &model, const std::string &method,
                               const quantize::QuantizeResult &result);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_REPORT_QUANTIZEREPORT_H
