// Which claims of a StatefulSet go with their pod or with the set: spec.persistentVolumeClaimRetentionPolicy as owner references, which the
// garbage collector then acts on.
//
//   whenDeleted  whenScaled   owner of the claim
//   Retain       Retain       none
//   Delete       Retain       the set
//   Retain       Delete       the pod, once it is beyond the replicas
//   Delete       Delete       the set; the pod instead, once it is beyond the replicas
//
// Claims that another controller owns, or a former set or pod of the same name, are left alone.
#pragma once

#include <string>

#include "reference/api/types/appsv1.h"

namespace plumb::controllers::statefulset {

// The pod of a claim; without a UID while it is yet to be made.
struct PodIdentity {
  std::string name, uid;
  bool beyond_replicas = false;
};

bool owners_match(const corev1::PersistentVolumeClaim& claim, const appsv1::StatefulSet& set, const PodIdentity& pod);
// Precondition: !owners_match().
void set_owners(corev1::PersistentVolumeClaim& claim, const appsv1::StatefulSet& set, const PodIdentity& pod);
// The claim belongs to a former pod of that name and is about to go with it: the new pod must not take it.
bool is_stale(const corev1::PersistentVolumeClaim& claim, const appsv1::StatefulSet& set, const PodIdentity& pod);

}  // namespace plumb::controllers::statefulset
