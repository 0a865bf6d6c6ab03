// The revisions of a DaemonSet: the current one, by whose hash pods are known, and those before it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "reference/controllers/framework/history.h"

namespace plumb::controllers::daemonset {

using PodPtr = std::shared_ptr<const corev1::Pod>;

struct History {
  RevisionPtr current;
  std::vector<RevisionPtr> old;  // oldest first
  std::string_view hash() const;
};

// Finds the revision of the set's template among `known`, or makes it, and sees to it that its number is the highest. Then goes on with
// `next`. Where several keep the same template all but the latest are deleted, and pods labelled with their hashes get the latest's.
// A name that another template has taken raises status.collisionCount, and the key comes again.
Plan establish(const std::shared_ptr<const appsv1::DaemonSet>& set, const std::vector<RevisionPtr>& known, const std::vector<PodPtr>& pods,
               std::function<Plan(const History&)> next);

// Deletes the oldest beyond revisionHistoryLimit that no pod bears the hash of.
void clean_up(Plan& plan, const appsv1::DaemonSet& set, const History& history, const std::vector<PodPtr>& pods);

}  // namespace plumb::controllers::daemonset
