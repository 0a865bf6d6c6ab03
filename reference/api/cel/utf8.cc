#include "reference/api/cel/utf8.h"

#include <algorithm>

namespace plumb::cel {

namespace {

// How many bytes the character has that begins so; 0 for none.
std::size_t length_of(unsigned char first) { return first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0; }
bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = length_of(first);
    if (length == 0 || at + length > text.size()) return false;
    for (std::size_t i = 1; i < length; ++i)
      if (!continues(text[at + i])) return false;
    const unsigned char second = length > 1 ? static_cast<unsigned char>(text[at + 1]) : 0;
    // Longer than need be, a surrogate, or too large.
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return false;
    at += length;
  }
  return true;
}

bool append_utf8(std::uint32_t character, std::string& out) {
  if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return false;
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (character < 0x80) return put(character), true;
  if (character < 0x800) return put(0xC0 | character >> 6), put(0x80 | (character & 0x3F)), true;
  if (character < 0x10000) return put(0xE0 | character >> 12), put(0x80 | (character >> 6 & 0x3F)), put(0x80 | (character & 0x3F)), true;
  return put(0xF0 | character >> 18), put(0x80 | (character >> 12 & 0x3F)), put(0x80 | (character >> 6 & 0x3F)), put(0x80 | (character & 0x3F)), true;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && continues(text[end])) ++end;
    all.push_back(text.substr(at, end - at));
    at = end;
  }
  return all;
}

}  // namespace plumb::cel
