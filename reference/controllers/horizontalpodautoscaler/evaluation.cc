#include "reference/controllers/horizontalpodautoscaler/evaluation.h"

#include <algorithm>
#include <set>

#include "reference/api/types/autoscalingv1.h"
#include "reference/controllers/horizontalpodautoscaler/other_metrics.h"
#include "reference/controllers/horizontalpodautoscaler/scale_target.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::hpa {
namespace {

constexpr int most_conflicts = 5;

using ScalePtr = std::shared_ptr<const autoscalingv1::Scale>;

Result<std::string> text_of(const Answer& answer) {
  if (!answer.object.ok()) return answer.object.error();
  return answer.text;
}

void get(Plan& plan, std::string path) {
  if (plan.stages.empty()) plan.stage();
  plan.stages.back().actions.emplace_back().raw = std::move(path);
}

}  // namespace

bool needs_usage(const autoscalingv2::MetricSpec& spec) {
  return (spec.type == autoscalingv2::ResourceMetricSourceType && spec.resource) || (spec.type == autoscalingv2::ContainerResourceMetricSourceType && spec.containerResource);
}

struct Evaluation::Pass {
  std::string key;
  AutoscalerPtr autoscaler;
  Now now;
  Wrote wrote;
  std::shared_ptr<ScaleHistory> history;
  const informer::Resource* resource = nullptr;  // of what is scaled
  ScalePtr scale;
  Observed observed;
  Decision decision;
  int conflicts = 0;
};

Plan Evaluation::of(const AutoscalerPtr& autoscaler, const Now& now, Wrote wrote) {
  const auto pass = std::make_shared<Pass>();
  pass->key = informer::object_key(*autoscaler);
  pass->autoscaler = autoscaler;
  pass->now = now;
  pass->wrote = std::move(wrote);
  pass->history = history_of(pass->key);
  const auto missing = [this, pass](const Error& why) {
    others.forget(pass->key);
    pass->decision = without_target(*pass->autoscaler, why, pass->now);
    return write_status(pass);
  };
  const auto resource = scalable(autoscaler->spec.scaleTargetRef);
  if (!resource.ok()) return missing(resource.error());
  pass->resource = *resource;
  Plan plan;
  plan.act(informer::get_scale_request(*pass->resource, autoscaler->metadata.namespace_, autoscaler->spec.scaleTargetRef.name));
  plan.then = [this, pass, missing](const Outcome& outcome) {
    const auto& answer = outcome.answers.front().object;
    if (!answer.ok()) return missing(answer.error());
    pass->scale = api::as<autoscalingv1::Scale>(*answer);
    if (!pass->scale) return missing(fail(Code::internal, "the server answered with another kind than Scale"));
    pass->observed.target = {pass->scale->spec.replicas, pass->scale->status.replicas, pass->scale->status.selector.str()};
    return observe_pods(pass);
  };
  return plan;
}

Plan Evaluation::observe_pods(const PassPtr& pass) {
  const auto selector = api::LabelSelector::parse(pass->observed.target.selector);
  if (!needs_metrics(*pass->autoscaler, pass->observed.target) || pass->observed.target.selector.empty() || !selector.ok()) {
    others.forget(pass->key);
    return decide_on(pass);
  }
  const std::string home = pass->autoscaler->metadata.namespace_.str();
  selectors.put(pass->key, *selector);
  pass->observed.pods = pods_of_selector(pods, home, *selector);
  std::set<std::string> rivals;
  std::vector<std::string_view> names;
  for (const PodPtr& pod : pass->observed.pods) {
    names.push_back(pod->metadata.name);
    for (std::string& key : selectors.selecting(home, pod->metadata.labels)) rivals.insert(std::move(key));
  }
  pass->observed.rivals.assign(rivals.begin(), rivals.end());

  const auto all = feed.of(home);
  const Result<PodUsages> usages = all ? usages_of(*all, names) : Result<PodUsages>(PodUsages());
  for (const autoscalingv2::MetricSpec& spec : pass->autoscaler->spec.metrics) {
    Reading& reading = pass->observed.readings.emplace_back();
    if (!needs_usage(spec)) continue;
    if (!usages.ok()) {
      reading.samples = usages.error();
    } else if (spec.type == autoscalingv2::ResourceMetricSourceType) {
      reading.samples = samples_of(*usages, spec.resource->name);
    } else {
      auto samples = samples_of(*usages, spec.containerResource->name, spec.containerResource->container, home);
      reading.samples = samples.ok() ? std::move(samples) : Result<Samples>(samples.error().in("failed to get container metrics"));
    }
  }
  return read_custom(pass);
}

Plan Evaluation::read_custom(const PassPtr& pass) {
  const auto& metrics = pass->autoscaler->spec.metrics;
  if (std::none_of(metrics.begin(), metrics.end(), is_custom)) return read_others(pass, std::string());
  Plan plan;
  get(plan, std::string(custom_metrics_group));
  plan.then = [this, pass](const Outcome& outcome) { return read_others(pass, custom_metrics_version(text_of(outcome.answers.front()))); };
  return plan;
}

Plan Evaluation::read_others(const PassPtr& pass, const Result<std::string>& custom_version) {
  const auto& metrics = pass->autoscaler->spec.metrics;
  Plan plan;
  std::vector<std::size_t> asked;
  std::vector<AskedMetric> asked_metrics;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (!is_custom(metrics[i]) && !is_external(metrics[i])) continue;
    Reading& reading = pass->observed.readings[i];
    if (is_custom(metrics[i]) && !custom_version.ok()) {
      reading.samples = custom_version.error();
      continue;
    }
    const auto path = path_of(metrics[i], custom_version.ok() ? *custom_version : std::string(), pass->autoscaler->metadata.namespace_, pass->observed.target.selector);
    if (!path.ok()) {
      reading.samples = path.error();
      continue;
    }
    get(plan, *path);
    asked.push_back(i);
    asked_metrics.push_back({metrics[i], *path, {}});
  }
  if (asked.empty()) {
    others.forget(pass->key);
    return decide_on(pass);
  }
  plan.then = [this, pass, asked, asked_metrics](const Outcome& outcome) {
    auto answered = asked_metrics;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      answered[i].reading = reading_of(answered[i].spec, text_of(outcome.answers[i]));
      pass->observed.readings[asked[i]] = answered[i].reading;
    }
    others.took(pass->key, std::move(answered));
    return decide_on(pass);
  };
  return plan;
}

Plan Evaluation::decide_on(const PassPtr& pass) {
  pass->decision = decide(*pass->autoscaler, pass->observed, settings, *pass->history, pass->now);
  return pass->decision.scale_to ? write_scale(pass) : write_status(pass);
}

Plan Evaluation::write_scale(const PassPtr& pass) {
  const auto wanted = std::make_shared<autoscalingv1::Scale>(*pass->scale);
  wanted->spec.replicas = *pass->decision.scale_to;
  Plan plan;
  Request& request = plan.act(informer::get_scale_request(*pass->resource, pass->autoscaler->metadata.namespace_, pass->autoscaler->spec.scaleTargetRef.name)).request;
  request.verb = informer::Verb::update;
  request.object = wanted;
  plan.then = [this, pass](const Outcome& outcome) { return scale_written(pass, outcome); };
  return plan;
}

Plan Evaluation::scale_written(const PassPtr& pass, const Outcome& outcome) {
  const auto& written = outcome.answers.front().object;
  if (!written.ok() && informer::is_conflict(written.error()) && ++pass->conflicts < most_conflicts) {
    Plan again;
    again.act(informer::get_scale_request(*pass->resource, pass->autoscaler->metadata.namespace_, pass->autoscaler->spec.scaleTargetRef.name));
    again.then = [this, pass](const Outcome& read) {
      const auto& answer = read.answers.front().object;
      if (answer.ok())
        if (const auto scale = api::as<autoscalingv1::Scale>(*answer)) pass->scale = scale;
      return write_scale(pass);
    };
    return again;
  }
  settle(pass->decision, *pass->autoscaler, pass->observed.target, written.ok() ? Status() : Status(written.error()), *pass->history, pass->now);
  return write_status(pass);
}

Plan Evaluation::write_status(const PassPtr& pass) {
  observe(pass->decision, *pass->autoscaler, pass->observed.target.asked, clock->now() - pass->now.steady);
  Plan plan;
  for (const Note& note : pass->decision.notes) plan.record(pass->autoscaler, note.type, note.reason, note.message);
  if (pass->decision.status == pass->autoscaler->status) return plan;
  const auto next = std::make_shared<Autoscaler>(*pass->autoscaler);
  next->status = pass->decision.status;
  Action& action = plan.act(informer::update_status_request(next));
  action.on_failure = Event{pass->autoscaler, informer::event_warning, "FailedUpdateStatus", "{}"};
  // What could not be written is decided anew in the next round.
  plan.then = [pass](const Outcome& outcome) {
    const auto& answer = outcome.answers.front().object;
    if (answer.ok() && *answer) pass->wrote(**answer);
    return Plan();
  };
  return plan;
}

void Evaluation::forget(const std::string& key) {
  selectors.erase(key);
  others.forget(key);
  std::lock_guard lock(mutex_);
  histories_.erase(key);
}

std::shared_ptr<ScaleHistory> Evaluation::history_of(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto& history = histories_[key];
  if (!history) history = std::make_shared<ScaleHistory>();
  return history;
}

}  // namespace plumb::controllers::hpa
