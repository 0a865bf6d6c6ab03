// Pods by the claims that they use: an index that several controllers share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/informer/client.h"
#include "reference/resources/persistentvolumeclaims/pod_claims.h"

namespace plumb::controllers {

inline constexpr std::string_view pods_by_claim = "claims";  // namespace/name
inline std::vector<std::string> claim_keys(const corev1::Pod& pod) {
  std::vector<std::string> keys;
  for (const auto& claim : resources::claims_of(pod)) keys.push_back(informer::object_key(pod.metadata.namespace_, claim.name));
  return keys;
}
inline void claims_of_pod(const api::Object& pod, std::vector<std::string>& values) { values = claim_keys(static_cast<const corev1::Pod&>(pod)); }

}  // namespace plumb::controllers
