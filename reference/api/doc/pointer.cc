#include "reference/api/doc/pointer.h"

#include "harness/base/encoding.h"
#include "reference/api/doc/document.h"

namespace plumb::api {
namespace {

std::string unescape(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    out += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return out;
}

}  // namespace

std::vector<std::string> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  const auto parts = split(pointer, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) tokens.push_back(unescape(parts[i]));
  return tokens;
}

const Doc* Doc::at_pointer(std::string_view pointer) const {
  if (!pointer.empty() && pointer[0] != '/') return nullptr;
  const Doc* at = this;
  for (const std::string& token : pointer_tokens(pointer)) {
    if (at->is_array()) {
      const auto index = parse_int(token);
      const bool canonical = index && *index >= 0 && std::to_string(*index) == token;
      at = canonical && static_cast<std::size_t>(*index) < at->size() ? &at->items()[static_cast<std::size_t>(*index)] : nullptr;
    } else {
      at = at->find(token);
    }
    if (!at) return nullptr;
  }
  return at;
}

}  // namespace plumb::api
