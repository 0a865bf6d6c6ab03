// Text forms of bytes, and the small string helpers that many parts share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

std::string base64_encode(std::string_view bytes);                  // standard alphabet, padded
std::optional<std::string> base64_decode(std::string_view text);    // strict: nullopt on anything malformed
std::string base64url_encode(std::string_view bytes);               // URL alphabet, not padded
std::optional<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);

// Percent-encoding of a URL path segment or query value, and back; nullopt on a malformed escape.
std::string url_encode(std::string_view text);
std::optional<std::string> url_decode(std::string_view text, bool plus_is_space = false);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
// The whole text must be a decimal number in range.
std::optional<std::int64_t> parse_int(std::string_view text);

}  // namespace plumb
