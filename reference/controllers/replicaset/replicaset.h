// The controllers "replicaset-controller" and "replicationcontroller-controller": keep the wanted number of pods.
#pragma once

#include "reference/api/types/appsv1.h"
#include "reference/controllers/replicaset/replicas.h"

namespace plumb::controllers::replicaset {

// One pass over one replica set or replication controller: adopt and release, make or delete pods, then write the status if it changed.
template <class Owner>
Plan decide(const std::shared_ptr<const Owner>& owner, const std::vector<PodPtr>& candidates, const std::vector<PodPtr>& related,
            bool expectations_satisfied, const Now& now);

extern template Plan decide(const std::shared_ptr<const appsv1::ReplicaSet>&, const std::vector<PodPtr>&, const std::vector<PodPtr>&, bool,
                            const Now&);
extern template Plan decide(const std::shared_ptr<const corev1::ReplicationController>&, const std::vector<PodPtr>&,
                            const std::vector<PodPtr>&, bool, const Now&);

}  // namespace plumb::controllers::replicaset
