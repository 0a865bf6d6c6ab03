// Who makes a request, as authentication found out.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::apiserver {

struct User {
  std::string name, uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;

  bool in_group(std::string_view group) const { return std::find(groups.begin(), groups.end(), group) != groups.end(); }
};
using UserPtr = std::shared_ptr<const User>;

inline constexpr std::string_view anonymous_user = "system:anonymous";
inline constexpr std::string_view all_authenticated_group = "system:authenticated";
inline constexpr std::string_view all_unauthenticated_group = "system:unauthenticated";
inline constexpr std::string_view masters_group = "system:masters";
inline constexpr std::string_view nodes_group = "system:nodes";

// The node that the user is the kubelet of: named system:node:NAME, in group system:nodes.
inline std::optional<std::string_view> node_name(const User& user) {
  constexpr std::string_view prefix = "system:node:";
  if (!user.name.starts_with(prefix) || !user.in_group(nodes_group)) return std::nullopt;
  return std::string_view(user.name).substr(prefix.size());
}

}  // namespace plumb::apiserver
