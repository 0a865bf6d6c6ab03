// The two revisions that a StatefulSet's pods may be at: the one it comes from and the one it goes to.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "reference/controllers/framework/history.h"

namespace plumb::controllers::statefulset {

struct Revisions {
  std::vector<RevisionPtr> all;  // oldest first
  RevisionPtr current, update;
  std::int32_t collisions = 0;
};

// Finds the revision of the set's template among `known`: the latest; or an earlier one, which becomes the latest again (a rollback); or
// makes a new one, under another name where the first is taken. Then goes on with `next`.
Plan establish(const std::shared_ptr<const appsv1::StatefulSet>& set, std::vector<RevisionPtr> known, std::function<Plan(Revisions)> next);

// Deletes the oldest revisions beyond revisionHistoryLimit that are neither current nor update nor that of a pod (`live`, by name).
void truncate(Plan& plan, const appsv1::StatefulSet& set, const Revisions& revisions, const std::vector<std::string_view>& live);

}  // namespace plumb::controllers::statefulset
