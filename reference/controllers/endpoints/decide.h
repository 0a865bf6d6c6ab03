// The decision of the endpoints controller: the Endpoints of one Service, from its pods.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::endpoints {

struct Observed {
  std::shared_ptr<const corev1::Service> service;
  std::vector<std::shared_ptr<const corev1::Pod>> pods;  // that the Service selects
  std::shared_ptr<const corev1::Endpoints> current;      // nullptr: none
  std::optional<WallTime> trigger_time;
};
Plan decide(const Observed& observed);

}  // namespace plumb::controllers::endpoints
