#include "reference/apiserver/aggregation/group_priorities.h"

namespace plumb::apiserver {
namespace {

struct Known {
  std::string_view group;
  std::int32_t priority;
};
constexpr Known known[] = {{"", 18000},
                           {"apps", 17800},
                           {"events.k8s.io", 17750},
                           {"authentication.k8s.io", 17700},
                           {"authorization.k8s.io", 17600},
                           {"autoscaling", 17500},
                           {"batch", 17400},
                           {"certificates.k8s.io", 17300},
                           {"networking.k8s.io", 17200},
                           {"policy", 17100},
                           {"rbac.authorization.k8s.io", 17000},
                           {"storage.k8s.io", 16800},
                           {"apiextensions.k8s.io", 16700},
                           {"admissionregistration.k8s.io", 16700},
                           {"scheduling.k8s.io", 16600},
                           {"coordination.k8s.io", 16500},
                           {"node.k8s.io", 16300},
                           {"discovery.k8s.io", 16200},
                           {"flowcontrol.apiserver.k8s.io", 16100},
                           {"internal.apiserver.k8s.io", 16000},
                           {"resource.k8s.io", 15900},
                           {"storagemigration.k8s.io", 15800}};

std::int32_t version_priority(std::string_view group, std::string_view version) {
  if (group.empty()) return 1;
  if (group == "flowcontrol.apiserver.k8s.io" && version == "v1") return 21;
  if (version == "v1") return 15;
  return version == "v2" ? 30 : 9;
}

}  // namespace

GroupPriority priority_of(std::string_view group, std::string_view version) {
  for (const Known& each : known)
    if (each.group == group) return {each.priority, version_priority(group, version)};
  return {1000, 100};
}

}  // namespace plumb::apiserver
