// What a change of a pod means to a controller that makes pods: its expectations, and the keys of the owners it had and has.
#pragma once

#include <memory>
#include <string>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers {

// What was expected of the owner of that key and is now seen. Informer thread.
inline void note_expected(Watches& watches, const std::string& key, const corev1::Pod* before, const corev1::Pod* after) {
  if (!before) watches.expectations.creation_observed(key);
  if (!after || after->metadata.deletionTimestamp) watches.expectations.deletion_observed(key, informer::object_key(after ? *after : *before));
}

// `owner_of` gives the key of the pod's owner, "" when it has none of the controller's kind. Informer thread.
template <class OwnerOf>
void note_pod_change(Watches& watches, const std::shared_ptr<const corev1::Pod>& before, const std::shared_ptr<const corev1::Pod>& after,
                     const OwnerOf& owner_of) {
  const auto& pod = after ? after : before;
  const std::string key = owner_of(*pod);
  if (!key.empty()) {
    note_expected(watches, key, before.get(), after.get());
    watches.queue.add(key);
  }
  if (!before || !after) return;
  if (const std::string previous = owner_of(*before); previous != key && !previous.empty()) watches.queue.add(previous);
}

}  // namespace plumb::controllers
