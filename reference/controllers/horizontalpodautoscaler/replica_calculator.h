// How many replicas one metric asks for: upstream's replica calculator, as functions of what was observed. Values are thousandths.
//
// Pods that are ending or have failed do not count. Pods that have not started, and for CPU those that are not ready or were sampled too
// early in their life, count as idle when more replicas are asked for, and not at all otherwise. Pods without a sample count as idle when
// more are asked for, as just at their target (or their whole request) when fewer are. What these change may never turn the direction.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/horizontalpodautoscaler/metric_samples.h"

namespace plumb::controllers::hpa {

using PodPtr = std::shared_ptr<const corev1::Pod>;

// How far usage may be from its target before anything is done.
struct Tolerances {
  double down = 0.1, up = 0.1;
  bool cover(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

// When the CPU use of a young pod says something.
struct YouthRules {
  Duration cpu_initialization = std::chrono::minutes(5);
  Duration initial_readiness = std::chrono::seconds(30);
};

// What all calculations look at.
struct Situation {
  std::int32_t replicas = 0;  // wanted at present
  Tolerances tolerances;
  const std::vector<PodPtr>& pods;
  YouthRules youth;
  WallTime now;
};

struct Proposal {
  std::int32_t replicas = 0;
  std::int64_t usage = 0;                   // the average over pods, or the value
  std::optional<std::int32_t> utilization;  // percent of the requests
};

// A share of what the pods (or their containers of that name) request. `samples` are of the selected pods.
Result<Proposal> by_utilization(const Situation& situation, Samples samples, std::string_view resource, std::string_view container, std::int32_t target_percent);
// An average over the pods; `resource` is "" for other metrics than resources.
Result<Proposal> by_average(const Situation& situation, Samples samples, std::string_view resource, std::int64_t target);
// A value that is compared with its target as a whole.
Result<Proposal> by_value(const Situation& situation, std::int64_t usage, std::int64_t target);
// A value of which each of the `running` pods is to have its share.
Proposal by_share(const Tolerances& tolerances, std::int32_t running, std::int64_t usage, std::int64_t target);

std::int64_t saturated_sum(const std::vector<std::int64_t>& values);

}  // namespace plumb::controllers::hpa
