#include "reference/resources/resourcequotas/quota_names.h"

#include <set>

#include "reference/api/types/corev1.h"

namespace plumb::resources::quota {
namespace {

using Names = std::set<std::string_view>;

const Names pod_names{"pods"};
const Names pod_amounts{"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"};
const Names claim_names{"persistentvolumeclaims", "requests.storage"};
const Names other_names{"ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage", "resourcequotas", "services",
                        "replicationcontrollers", "secrets", "configmaps", "services.nodeports", "services.loadbalancers"};

}  // namespace

bool is_standard(std::string_view name) {
  for (const Names* names : {&pod_names, &pod_amounts, &claim_names, &other_names})
    if (names->contains(name)) return true;
  return is_huge_page(name) || name.starts_with("requests.hugepages-");
}

bool suits_scope(std::string_view name, std::string_view scope) {
  if (scope == corev1::ResourceQuotaScopeBestEffort) return pod_names.contains(name);
  if (scope == corev1::ResourceQuotaScopeVolumeAttributesClass) return claim_names.contains(name);
  return !is_scope(scope) || pod_names.contains(name) || pod_amounts.contains(name);
}

bool is_scope(std::string_view scope) {
  static const Names known{corev1::ResourceQuotaScopeTerminating,   corev1::ResourceQuotaScopeNotTerminating,
                           corev1::ResourceQuotaScopeBestEffort,    corev1::ResourceQuotaScopeNotBestEffort,
                           corev1::ResourceQuotaScopePriorityClass, corev1::ResourceQuotaScopeCrossNamespacePodAffinity,
                           corev1::ResourceQuotaScopeVolumeAttributesClass};
  return known.contains(scope);
}

}  // namespace plumb::resources::quota
