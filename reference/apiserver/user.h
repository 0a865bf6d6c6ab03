// Who makes a request, as authentication found out.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
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

}  // namespace plumb::apiserver
