#include "reference/resources/podspec/image.h"

#include <algorithm>

namespace plumb::resources {
namespace {

bool is_path_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '/'; }
bool is_host(std::string_view part) { return part.find_first_of(".:") != std::string_view::npos || part == "localhost"; }

}  // namespace

std::string image_tag(std::string_view reference) {
  const std::size_t at = reference.find('@');
  std::string_view name = reference.substr(0, at);
  const std::size_t slash = name.rfind('/'), colon = name.rfind(':');
  std::string_view tag;
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (tag.empty()) return {};
  }
  std::string_view path = name;
  if (const std::size_t first = name.find('/'); first != std::string_view::npos && is_host(name.substr(0, first))) path = name.substr(first + 1);
  if (path.empty() || !std::all_of(path.begin(), path.end(), is_path_char)) return {};
  if (!tag.empty()) return std::string(tag);
  return at == std::string_view::npos ? "latest" : "";
}

std::string_view default_pull_policy(std::string_view reference) { return image_tag(reference) == "latest" ? "Always" : "IfNotPresent"; }

}  // namespace plumb::resources
