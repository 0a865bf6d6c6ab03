#include "reference/apiserver/aggregation/foreign.h"

#include <algorithm>

namespace plumb::apiserver {

std::vector<const ForeignVersion*> versions_of(const ForeignTable& table, std::string_view group) {
  std::vector<const ForeignVersion*> found;
  for (const auto& [name, each] : table)
    if (each.service->spec.group == group) found.push_back(&each);
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->service->spec.versionPriority > b->service->spec.versionPriority; });
  return found;
}

}  // namespace plumb::apiserver
