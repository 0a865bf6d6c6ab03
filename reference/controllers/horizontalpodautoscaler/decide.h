// What an autoscaler does, from what was observed: upstream's reconciliation without its calls. A decision is made once the scale of the
// target and the metrics have been read; settle() completes it with what came of the write of the scale.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/api/types/autoscalingv2.h"
#include "reference/controllers/framework/plan.h"
#include "reference/controllers/horizontalpodautoscaler/limits.h"
#include "reference/controllers/horizontalpodautoscaler/proposal_of_metric.h"

namespace plumb::controllers::hpa {

using Autoscaler = autoscalingv2::HorizontalPodAutoscaler;
using AutoscalerPtr = std::shared_ptr<const Autoscaler>;

struct Settings {
  Duration sync_period = std::chrono::seconds(15);
  Duration downscale_window = std::chrono::minutes(5);
  double tolerance = 0.1;
  YouthRules youth;
};

// The scale of what is scaled.
struct Target {
  std::int32_t asked = 0, running = 0;
  std::string selector;
};

struct Observed {
  Target target;
  std::vector<PodPtr> pods;        // those of the selector
  std::vector<std::string> rivals;  // keys of all autoscalers that select one of these pods; this one is among them
  std::vector<Reading> readings;   // one for each metric of the spec
};

struct Note {
  std::string_view type;
  std::string reason, message;
};
// For the metrics of this controller.
struct Computation {
  std::string metric_type;
  std::int32_t proposed = 0;
  bool failed = false, in_spec = false;
};

struct Decision {
  autoscalingv2::HorizontalPodAutoscalerStatus status;
  std::vector<Note> notes;  // events to be recorded
  std::optional<std::int32_t> scale_to;
  std::string reason;               // of scale_to
  std::optional<Error> failure;     // something could not be found out; scale_to may be set all the same
  std::vector<Computation> computed;
};

// Whether a decision looks at metrics and pods; else bounds decide alone, or nothing is to be done.
bool needs_metrics(const Autoscaler& autoscaler, const Target& target);

Decision decide(const Autoscaler& autoscaler, const Observed& observed, const Settings& settings, ScaleHistory& history, const Now& now);
// The target could not be read; `event` is what its event says.
Decision without_target(const Autoscaler& autoscaler, const Error& why, const Now& now);
// `written`: what came of setting the scale to decision.scale_to.
void settle(Decision& decision, const Autoscaler& autoscaler, const Target& target, const Status& written, ScaleHistory& history, const Now& now);

}  // namespace plumb::controllers::hpa
