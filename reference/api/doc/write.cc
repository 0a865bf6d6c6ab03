#include <algorithm>
#include <charconv>
#include <cmath>

#include "reference/api/doc/document.h"

namespace plumb::api {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

bool is_plain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0xE2; }

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view from = "\"\\\b\f\n\r\t", to = "\"\\bfnrt";
  if (const auto found = from.find(static_cast<char>(c)); found != from.npos) {
    out += '\\';
    out += to[found];
    return;
  }
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (is_plain(c)) continue;
    if (c == 0xE2) {  // U+2028 and U+2029 end lines in JavaScript
      const std::string_view rune = text.substr(i, 3);
      if (rune != "\xE2\x80\xA8" && rune != "\xE2\x80\xA9") continue;
      out.append(text, done, i - done).append(rune[2] == '\xA8' ? "\\u2028" : "\\u2029");
      i += 2;
    } else {
      out.append(text, done, i - done);
      append_escape(out, c);
    }
    done = i + 1;
  }
  out.append(text, done).append(1, '"');
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value) || value == 0) {  // JSON has no way to write the former; they never come from parsing
    out += std::signbit(value) && value == 0 ? "-0" : value == 0 ? "0" : "null";
    return;
  }
  char buffer[32];
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, end);
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);

  if (value < 0) out += '-';
  if (exponent < -6 || exponent >= 21) {
    out += digits[0];
    if (digits.size() > 1) out.append(1, '.').append(digits, 1);
    out.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  } else {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) {
      out.append(digits).append(whole - digits.size(), '0');
    } else {
      out.append(digits, 0, whole).append(1, '.').append(digits, whole);
    }
  }
}

void Doc::append_scalar(std::string& out) const {
  switch (kind()) {
    case Kind::boolean:
      out += as_bool() ? "true" : "false";
      return;
    case Kind::integer: {
      char buffer[24];
      out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, as_int()).ptr);
      return;
    }
    case Kind::number:
      return append_json_number(out, as_double());
    case Kind::string:
      return append_json_string(out, as_string());
    default:
      out += "null";
  }
}

// Calls itself for each level of a document, thousands deep where somebody means harm: nothing that needs much stack belongs here.
void Doc::append_json(std::string& out) const {
  if (!is_array() && !is_object()) return append_scalar(out);
  const bool named = is_object();
  out += named ? '{' : '[';
  const std::size_t start = out.size();
  for (const Doc& item : items()) {
    if (out.size() != start) out += ',';
    item.append_json(out);
  }
  for (const Member& member : members()) {
    if (out.size() != start) out += ',';
    append_json_string(out, member.name());
    out += ':';
    member.value.append_json(out);
  }
  out += named ? '}' : ']';
}

std::string Doc::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

std::size_t Doc::json_size(std::size_t limit) const {
  if (kind() != Kind::array && kind() != Kind::object) return std::min(limit, to_json().size());
  std::size_t total = 1 + std::max<std::size_t>(1, size());
  for (const Doc& item : items()) {
    if (total >= limit) return limit;
    total += item.json_size(limit - total);
  }
  for (const Member& member : members()) {
    if (total >= limit) return limit;
    total += 1 + member.key.json_size() + member.value.json_size(limit - total);
  }
  return std::min(total, limit);
}

}  // namespace plumb::api
