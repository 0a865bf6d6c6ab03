// In which order clients see the groups that this server serves itself: upstream's numbers, which also stand in their APIServices.
#pragma once

#include <cstdint>
#include <string_view>

namespace plumb::apiserver {

struct GroupPriority {
  std::int32_t group = 0, version = 0;
};
// For a group and version that upstream does not know: behind all that it knows.
GroupPriority priority_of(std::string_view group, std::string_view version);

}  // namespace plumb::apiserver
