// Text from outside made safe for each format, and numbers made readable.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/clock.h"

namespace plumb::reports {

// For HTML and XML, in text and in quoted attributes. What is not UTF-8, or no character of XML 1.0, becomes U+FFFD.
std::string escape(std::string_view text);
// For a cell of a Markdown table: no markup, no HTML, no line break.
std::string escape_markdown(std::string_view text);
// For a terminal: no control characters, so no escape sequences.
std::string escape_terminal(std::string_view text);

std::string format_seconds(double seconds);  // "1.25 ms", "3.1 s", "2 min 5 s"
std::string format_number(double number);    // three significant digits; thousands apart
std::string format_count(double number);     // whole, thousands apart
std::string format_percent(double share);    // "12.5 %"
std::string format_value(double value, std::string_view unit);
inline double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace plumb::reports
