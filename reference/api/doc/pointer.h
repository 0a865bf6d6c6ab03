// RFC 6901 pieces that JSON pointers and JSON patch share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumb::api {

// The tokens of a pointer, unescaped (~1 is /, ~0 is ~). Text before the first / is ignored.
std::vector<std::string> pointer_tokens(std::string_view pointer);

}  // namespace plumb::api
