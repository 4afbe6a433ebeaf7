// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the pages have in common.
#ifndef PEBBLE_TOOLS_PEBBLE_REPORT_HTML_H
#define PEBBLE_TOOLS_PEBBLE_REPORT_HTML_H

#include <string>

namespace pebble::cli {

/// `text` with what HTML gives a meaning replaced. Names are bytes in ONNX: what is no UTF-8
/// becomes U+FFFD.
std::string escapeHtml(const std::string &text);

/// A whole document that names nothing outside itself.
std::string htmlPage(const std::string &title, const std::string &body);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_REPORT_HTML_H
