// What extenders have said about a pod and the nodes that could take it.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <unordered_set>

#include "harness/base/string_map.h"
#include "reference/scheduler/framework.h"

namespace plumb::scheduler {

using StringSet = std::unordered_set<std::string, StringHash, std::equal_to<>>;

struct Advice {
  struct Refusal {
    Code code = Code::unschedulable;
    std::string reason;
  };
  std::set<std::string, std::less<>> allowed;
  StringMap<Refusal> refused;         // with a reason; others are neither allowed nor have one
  StringMap<std::int64_t> scores;     // to be added to those of the plugins
  // How things stood when they were asked: what filters had refused, and the last change of the table. For seeing that things have changed
  // meanwhile so that the pod had better be tried again.
  StringSet filtered;
  std::uint64_t asked_at = 0;
};

}  // namespace plumb::scheduler
