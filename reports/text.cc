#include "reports/text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace plumb::reports {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// The length of the UTF-8 sequence at the front that is a character of XML 1.0; 0 when there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = first & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool excluded = (code >= 0xD800 && code <= 0xDFFF) || code == 0xFFFE || code == 0xFFFF || code > 0x10FFFF;
  return overlong || excluded ? 0 : length;
}

template <class Append>
std::string transform(std::string_view text, Append append) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) out += replacement;
    else append(out, text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string grouped(std::string digits) {
  const std::size_t sign = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, "\u202f");
  return digits;
}

}  // namespace

std::string escape(std::string_view text) {
  return transform(text, [](std::string& out, std::string_view character) {
    switch (character.front()) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += character;
    }
  });
}

std::string escape_markdown(std::string_view text) {
  return transform(text, [](std::string& out, std::string_view character) {
    switch (character.front()) {
      case '\n': case '\r': case '\t': out += ' '; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '|': case '\\': case '`': case '*': case '_': case '[': case ']': case '!': case '#': case '~':
        out += '\\';
        [[fallthrough]];
      default: out += character;
    }
  });
}

std::string escape_terminal(std::string_view text) {
  return transform(text, [](std::string& out, std::string_view character) {
    const bool c1_control = character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
    if (character == "\r" || character == "\x7f" || c1_control) out += replacement;
    else out += character;
  });
}

std::string format_seconds(double seconds) {
  const double size = std::abs(seconds);
  if (size == 0) return "0 s";
  if (size < 1e-3) return fmt::format("{:.3g} µs", seconds * 1e6);
  if (size < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (size < 99.95) return fmt::format("{:.3g} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string format_number(double number) {
  if (std::abs(number) >= 999.5) return grouped(fmt::format("{:.0f}", number));
  return fmt::format("{:.3g}", number);
}

std::string format_count(double number) { return grouped(fmt::format("{:.0f}", number)); }
std::string format_percent(double share) { return fmt::format("{:.3g} %", share * 100); }

std::string format_value(double value, std::string_view unit) {
  if (unit == "s") return format_seconds(value);
  if (unit == "1/s") return format_number(value) + "/s";
  if (unit == "1") return format_number(value);
  return format_number(value) + " " + std::string(unit);
}

}  // namespace plumb::reports
