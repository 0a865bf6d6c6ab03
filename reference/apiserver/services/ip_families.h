// Which IP families a service has, from what it says and what the cluster has (KEP-563, dual stack).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::apiserver {

// Fills in ipFamilyPolicy and ipFamilies, and shortens clusterIPs and ipFamilies where the policy became SingleStack. `before`: the
// service as it was, nullptr when it is new. `cluster`: the families that have addresses to give, the default one first.
void assign_families(corev1::ServiceSpec& spec, const corev1::ServiceSpec* before, const std::vector<std::string_view>& cluster,
                     resources::FieldErrors& errors);

// True when an update leaves a PreferDualStack service as it is: then it gets nothing and loses nothing, whatever became of the cluster.
bool keeps_families(const corev1::ServiceSpec& spec, const corev1::ServiceSpec* before);

}  // namespace plumb::apiserver
