// What a quota's status is to say: its limits as they are wanted, and what the namespace uses of them.
#pragma once

#include <memory>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::resourcequota {

using QuotaPtr = std::shared_ptr<const corev1::ResourceQuota>;

// Counts objects of these resources, live: whatever uses more of a quota changes the quota itself in the same transaction, so that a
// status that is written over the version that was seen before the count leaves nothing out.
Plan decide(const QuotaPtr& quota, const std::vector<const informer::Resource*>& countable, const Now& now);

}  // namespace plumb::controllers::resourcequota
