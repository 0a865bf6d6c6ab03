// UTF-8, by characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::cel {

bool is_utf8(std::string_view text);
// False for what is no character: a surrogate, or beyond U+10FFFF.
bool append_utf8(std::uint32_t character, std::string& out);
// Of text that is UTF-8.
std::size_t count_characters(std::string_view text);
// The bytes of each.
std::vector<std::string_view> characters_of(std::string_view text);

}  // namespace plumb::cel
