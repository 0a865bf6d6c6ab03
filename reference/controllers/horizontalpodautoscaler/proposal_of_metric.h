// One metric of an autoscaler: what it asks for, how it is named, and what the status says of it; or why nothing could be said.
#pragma once

#include <string>
#include <vector>

#include "reference/api/types/autoscalingv2.h"
#include "reference/controllers/horizontalpodautoscaler/replica_calculator.h"

namespace plumb::controllers::hpa {

// What the cluster answered when asked for a metric: samples of pods (or of the one object), or values of an external metric.
struct Reading {
  Result<Samples> samples = Samples();
  Result<std::vector<std::int64_t>> values = std::vector<std::int64_t>();
};

struct MetricProposal {
  std::int32_t replicas = 0;
  std::string name;
  autoscalingv2::MetricStatus status;
};
struct MetricFailure {
  std::string_view reason;  // of the condition and of the event
  std::string why;          // as these say it
  std::string message;      // as it goes into the failure of the whole
  bool in_spec = false;     // what is wrong is the autoscaler itself
};
struct MetricResult {
  std::optional<MetricProposal> proposal;
  MetricFailure failure;
};

// `running`: replicas that there are, as against situation.replicas, those asked for.
MetricResult proposal_of(const autoscalingv2::MetricSpec& spec, const Reading& reading, const Situation& situation, std::int32_t running, std::string_view namespace_);

}  // namespace plumb::controllers::hpa
