#include "reference/controllers/horizontalpodautoscaler/replica_calculator.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "reference/api/text/quantity.h"
#include "reference/controllers/framework/pods.h"
#include "reference/resources/podspec/pod_amounts.h"

namespace plumb::controllers::hpa {
namespace {

using Names = std::vector<std::string_view>;

struct Groups {
  std::int32_t ready = 0;
  Names unready, missing, ignored;
};

// Whether the CPU use of a running pod does not count yet.
bool is_too_young(const corev1::Pod& pod, const Sample& sample, const YouthRules& youth, WallTime now) {
  const corev1::PodCondition* ready = condition(pod, corev1::PodReady);
  if (!ready || !pod.status.startTime) return true;
  const WallTime started = pod.status.startTime.wall(), changed = ready->lastTransitionTime.wall();
  const bool not_ready = ready->status == corev1::ConditionFalse;
  if (started + youth.cpu_initialization > now) return not_ready || sample.at < changed + sample.window;
  return not_ready && started + youth.initial_readiness > changed;
}

Groups group(const Situation& situation, const Samples& samples, std::string_view resource) {
  Groups groups;
  for (const PodPtr& pod : situation.pods) {
    const std::string_view name = pod->metadata.name;
    const auto sample = samples.find(name);
    if (pod->metadata.deletionTimestamp || pod->status.phase == corev1::PodFailed) {
      groups.ignored.push_back(name);
    } else if (pod->status.phase == corev1::PodPending) {
      groups.unready.push_back(name);
    } else if (sample == samples.end()) {
      groups.missing.push_back(name);
    } else if (resource == "cpu" && is_too_young(*pod, sample->second, situation.youth, situation.now)) {
      groups.unready.push_back(name);
    } else {
      ++groups.ready;
    }
  }
  return groups;
}

void drop(Samples& samples, const Names& names) {
  for (const std::string_view name : names)
    if (const auto found = samples.find(name); found != samples.end()) samples.erase(found);
}
void assume(Samples& samples, const Names& names, const std::function<std::int64_t(std::string_view)>& value) {
  for (const std::string_view name : names) samples[std::string(name)].milli = value(name);
}
std::int64_t idle(std::string_view) { return 0; }

std::int32_t rounded_up(double replicas) {
  return static_cast<std::int32_t>(std::clamp(std::ceil(replicas), 0.0, static_cast<double>(INT32_MAX)));
}

Error no_pods() { return fail(Code::not_found, "no pods returned by selector while calculating replica count"); }
Error no_samples() { return fail(Code::not_found, "did not receive metrics for targeted pods (pods might be unready)"); }

struct Usage {
  double ratio = 0;
  std::int64_t average = 0;
  std::optional<std::int32_t> percent;
};
// What the same rules need to know of utilization and of averages.
struct Measure {
  std::function<Result<Usage>(const Samples&)> of;
  std::function<std::int64_t(std::string_view)> at_target;  // what a pod without a sample is taken to use when fewer are asked for
};

std::int32_t replicas_by(double ratio, double first_ratio, std::size_t counted, const Situation& situation) {
  const bool turned = (first_ratio < 1.0 && ratio > 1.0) || (first_ratio > 1.0 && ratio < 1.0);
  if (situation.tolerances.cover(ratio) || turned) return situation.replicas;
  const std::int32_t replicas = rounded_up(ratio * static_cast<double>(counted));
  const bool backwards = (ratio < 1.0 && replicas > situation.replicas) || (ratio > 1.0 && replicas < situation.replicas);
  return backwards ? situation.replicas : replicas;
}

Result<Proposal> propose(const Situation& situation, Samples samples, const Groups& groups, const Measure& measure) {
  const Usage usage = PLUMB_TRY(measure.of(samples));
  Proposal proposal{situation.replicas, usage.average, usage.percent};
  const bool grows = usage.ratio > 1.0, with_unready = grows && !groups.unready.empty();
  if (!with_unready && groups.missing.empty()) {
    if (!situation.tolerances.cover(usage.ratio)) proposal.replicas = rounded_up(usage.ratio * groups.ready);
    return proposal;
  }
  if (grows) assume(samples, groups.missing, idle);
  if (usage.ratio < 1.0) assume(samples, groups.missing, measure.at_target);
  if (with_unready) assume(samples, groups.unready, idle);
  const Usage again = PLUMB_TRY(measure.of(samples));
  proposal.replicas = replicas_by(again.ratio, usage.ratio, samples.size(), situation);
  return proposal;
}

// Thousandths by pod.
using Requests = std::map<std::string, std::int64_t, std::less<>>;

Result<std::int64_t> request_of_containers(const corev1::Pod& pod, std::string_view resource, std::string_view container) {
  std::int64_t sum = 0;
  bool found = container.empty();
  const auto add = [&](const corev1::Container& each) -> Status {
    if (!container.empty() && each.name != container) return {};
    found = true;
    const api::QuantityText* text = each.resources.requests.find(resource);
    const auto quantity = api::Quantity::parse(text ? text->text.view() : std::string_view());
    if (!text || !quantity.ok())
      return fail(Code::not_found, "missing request for " + std::string(resource) + " in container " + each.name.str() + " of Pod " + pod.metadata.name.str());
    sum = saturated_sum({sum, quantity->milli_value()});
    return {};
  };
  for (const corev1::Container& each : pod.spec.containers) PLUMB_TRY(add(each));
  for (const corev1::Container& each : pod.spec.initContainers)
    if (resources::is_sidecar(each)) PLUMB_TRY(add(each));
  if (!found) return fail(Code::not_found, "container " + std::string(container) + " not found in Pod " + pod.metadata.name.str());
  return sum;
}

Result<std::int64_t> request_of_pod(const corev1::Pod& pod, std::string_view resource) {
  const auto amounts = resources::pod_requests(pod, resources::PodAmounts::of_spec);
  const auto found = amounts.find(resource);
  if (found == amounts.end()) return fail(Code::not_found, "missing pod-level request for " + std::string(resource) + " in Pod " + pod.metadata.name.str());
  return found->second.milli_value();
}

Result<Requests> requests_of(const std::vector<PodPtr>& pods, std::string_view resource, std::string_view container) {
  Requests requests;
  for (const PodPtr& pod : pods) {
    const bool whole = container.empty() && pod->spec.resources && !pod->spec.resources->requests.empty();
    const std::int64_t request = PLUMB_TRY(whole ? request_of_pod(*pod, resource) : request_of_containers(*pod, resource, container));
    requests.emplace(pod->metadata.name.str(), request);
  }
  return requests;
}

Result<Usage> utilization(const Samples& samples, const Requests& requests, std::int32_t target_percent) {
  __int128 used = 0, requested = 0, counted = 0;
  for (const auto& [pod, sample] : samples) {
    const auto request = requests.find(pod);
    if (request == requests.end()) continue;
    used += sample.milli;
    requested += request->second;
    ++counted;
  }
  if (requested <= 0) return fail(Code::not_found, "no metrics returned matched known pods");
  const auto percent = static_cast<std::int32_t>(std::clamp<__int128>(used * 100 / requested, INT32_MIN, INT32_MAX));
  return Usage{static_cast<double>(percent) / target_percent, static_cast<std::int64_t>(used / counted), percent};
}

Usage average(const Samples& samples, std::int64_t target) {
  __int128 used = 0;
  for (const auto& [pod, sample] : samples) used += sample.milli;
  const auto mean = static_cast<std::int64_t>(used / static_cast<__int128>(samples.size()));
  return Usage{static_cast<double>(mean) / static_cast<double>(target), mean, std::nullopt};
}

}  // namespace

std::int64_t saturated_sum(const std::vector<std::int64_t>& values) {
  std::int64_t sum = 0;
  for (const std::int64_t value : values)
    if (__builtin_add_overflow(sum, value, &sum)) return INT64_MAX;
  return sum;
}

Result<Proposal> by_utilization(const Situation& situation, Samples samples, std::string_view resource, std::string_view container, std::int32_t target_percent) {
  if (situation.pods.empty()) return no_pods();
  const Groups groups = group(situation, samples, resource);
  drop(samples, groups.ignored);
  drop(samples, groups.unready);
  if (samples.empty()) return no_samples();
  const Requests requests = PLUMB_TRY(requests_of(situation.pods, resource, container));
  const std::int64_t fallback_percent = std::max(100, target_percent);
  const auto at_target = [&](std::string_view pod) {
    const auto found = requests.find(pod);
    return found == requests.end() ? 0 : static_cast<std::int64_t>(static_cast<__int128>(found->second) * fallback_percent / 100);
  };
  return propose(situation, std::move(samples), groups, {[&](const Samples& of) { return utilization(of, requests, target_percent); }, at_target});
}

Result<Proposal> by_average(const Situation& situation, Samples samples, std::string_view resource, std::int64_t target) {
  if (situation.pods.empty()) return no_pods();
  const Groups groups = group(situation, samples, resource);
  drop(samples, groups.ignored);
  drop(samples, groups.unready);
  if (samples.empty()) return no_samples();
  return propose(situation, std::move(samples), groups,
                 {[&](const Samples& of) -> Result<Usage> { return average(of, target); }, [&](std::string_view) { return target; }});
}

Result<Proposal> by_value(const Situation& situation, std::int64_t usage, std::int64_t target) {
  const double ratio = static_cast<double>(usage) / static_cast<double>(target);
  if (situation.replicas == 0) return Proposal{rounded_up(ratio), usage, std::nullopt};
  if (situation.tolerances.cover(ratio)) return Proposal{situation.replicas, usage, std::nullopt};
  if (situation.pods.empty()) return no_pods().in("unable to calculate ready pods");
  const auto ready = std::count_if(situation.pods.begin(), situation.pods.end(),
                                   [](const PodPtr& pod) { return pod->status.phase == corev1::PodRunning && is_ready(*pod); });
  return Proposal{rounded_up(ratio * static_cast<double>(ready)), usage, std::nullopt};
}

Proposal by_share(const Tolerances& tolerances, std::int32_t running, std::int64_t usage, std::int64_t target) {
  const double shares = static_cast<double>(usage) / static_cast<double>(target);
  Proposal proposal{running, usage, std::nullopt};
  // With nothing running the ratio is infinite, or for no usage at all no number: neither is within the tolerance.
  if (!tolerances.cover(shares / running)) proposal.replicas = rounded_up(shares);
  if (running > 0 && usage != INT64_MAX) proposal.usage = static_cast<std::int64_t>(std::ceil(static_cast<double>(usage) / running));
  return proposal;
}

}  // namespace plumb::controllers::hpa
