// Discovery of what this server serves itself together with what other servers serve for it, as clients see it: one list of groups.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/api/types/apidiscoveryv2.h"
#include "reference/api/types/metav1.h"
#include "reference/apiserver/aggregation/foreign.h"

namespace plumb::apiserver {

// A group with all its versions, the preferred one first.
struct ListedGroup {
  std::int32_t priority = 0;  // of the group; the highest comes first
  metav1::APIGroup document;
  api::List<apidiscoveryv2::APIVersionDiscovery> versions;
};

struct ListedGroups {
  std::vector<ListedGroup> groups;
  metav1::APIGroupList list;
  std::string aggregated;  // apidiscovery.k8s.io/v2, as JSON

  explicit ListedGroups(std::vector<ListedGroup> listed);
  const ListedGroup* find(std::string_view name) const;
};

// In their order: a foreign version of a group goes among its versions by upstream's comparison of priorities.
std::vector<ListedGroup> merge(std::vector<ListedGroup> local, const ForeignTable& foreign);

class GroupSource {
 public:
  GroupSource(std::vector<ListedGroup> local, ForeignSource foreign);
  // As of now; made anew only when what is foreign has changed.
  std::shared_ptr<const ListedGroups> now();

 private:
  const std::vector<ListedGroup> local_;
  const ForeignSource foreign_;
  std::mutex mutex_;
  ForeignPtr of_;                              // under mutex_
  std::shared_ptr<const ListedGroups> made_;   // under mutex_
};

}  // namespace plumb::apiserver
