// Who the pods of a StatefulSet are: names, ordinals, labels, claims. Facts from upstream's pkg/controller/statefulset.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/api/types/appsv1.h"

namespace plumb::controllers::statefulset {

// The number behind the last dash of the pod's name; -1 where there is none.
std::int32_t ordinal_of(const corev1::Pod& pod);
// The pod's name is the set's, a dash and an ordinal: only such pods are claimed.
bool is_member(const appsv1::StatefulSet& set, const corev1::Pod& pod);

std::int32_t replicas_of(const appsv1::StatefulSet& set);
std::int32_t start_of(const appsv1::StatefulSet& set);
bool in_range(const appsv1::StatefulSet& set, std::int32_t ordinal);
std::string pod_name(const appsv1::StatefulSet& set, std::int32_t ordinal);
std::string claim_name(const appsv1::StatefulSet& set, const corev1::PersistentVolumeClaim& claim_template, std::int32_t ordinal);

// A claim of each template, for the pod of that ordinal.
std::vector<std::shared_ptr<corev1::PersistentVolumeClaim>> claims_for(const appsv1::StatefulSet& set, std::int32_t ordinal);
std::shared_ptr<corev1::Pod> new_pod(const appsv1::StatefulSet& set, const corev1::PodTemplateSpec& pod_template, std::int32_t ordinal,
                                     std::string_view revision);
std::string_view revision_of(const corev1::Pod& pod);

// What holds for every pod of a set, and what makes it hold again for one that was tampered with.
bool identity_matches(const appsv1::StatefulSet& set, const corev1::Pod& pod);
bool storage_matches(const appsv1::StatefulSet& set, const corev1::Pod& pod);
void repair(const appsv1::StatefulSet& set, corev1::Pod& pod);

}  // namespace plumb::controllers::statefulset
