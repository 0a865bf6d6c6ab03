#include "harness/load/measure/availability_tracker.h"

#include <algorithm>
#include <cmath>

#include "harness/base/encoding.h"
#include "harness/load/measure/reconcile_rules.h"

namespace plumb::harness {
namespace {

// A number or a percentage of `whole`, as maxUnavailable (rounded down) and maxSurge (rounded up) are.
std::int64_t number_or_share(const ObjectReader& object, const char* pointer, std::int64_t whole, bool up) {
  constexpr double absent = 25;  // percent
  double percent = absent;
  if (std::string_view text = object.text(pointer); text.ends_with('%')) {
    text.remove_suffix(1);
    percent = static_cast<double>(std::clamp<std::int64_t>(parse_int(text).value_or(0), 0, 1'000'000));
  } else if (object.has(pointer)) {
    return std::max<std::int64_t>(0, object.number(pointer));
  }
  const double share = static_cast<double>(whole) * percent / 100;
  return static_cast<std::int64_t>(up ? std::ceil(share) : std::floor(share));
}

std::string label_of(std::string_view key, std::string_view value) { return std::string(key) + "=" + std::string(value); }

}  // namespace

std::int64_t promised_available(const simdjson::dom::element& deployment) {
  const ObjectReader object(deployment);
  if (object.text("/spec/strategy/type") == "Recreate") return 0;
  const std::int64_t replicas = object.number("/spec/replicas", 1);
  std::int64_t unavailable = number_or_share(object, "/spec/strategy/rollingUpdate/maxUnavailable", replicas, false);
  if (unavailable == 0 && number_or_share(object, "/spec/strategy/rollingUpdate/maxSurge", replicas, true) == 0) unavailable = 1;
  return std::max<std::int64_t>(0, replicas - unavailable);
}

void AvailabilityTracker::settle(Promise& promise, Instant now) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - promise.since).count());
  promise.since = std::max(promise.since, now);
  if (promise.available >= promise.minimum) promise.kept_once = true;
  if (!promise.kept_once || promise.available >= promise.minimum) return;
  promise.account.missing += static_cast<double>(promise.minimum - promise.available) * seconds;
  promise.account.below += seconds;
  promise.account.least = std::min(promise.account.least, static_cast<double>(promise.available) / static_cast<double>(promise.minimum));
}

void AvailabilityTracker::deployment(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  simdjson::dom::object labels;
  if (object.at_pointer("/spec/selector/matchLabels").get(labels) || labels.size() == 0) return;
  const auto first = *labels.begin();
  std::string_view value;
  if (first.value.get(value)) return;
  const std::string label = label_of(first.key, value);
  if (type == "DELETED") {
    promises_.erase(label);
    return;
  }
  const bool is_new = !promises_.contains(label);
  Promise& promise = promises_[label];
  if (is_new) {
    promise.since = arrived;
    for (const auto& [uid, pod] : pods_) promise.available += pod.available && std::find(pod.labels.begin(), pod.labels.end(), label) != pod.labels.end();
  } else {
    settle(promise, arrived);
  }
  promise.minimum = promised_available(object);
}

void AvailabilityTracker::add(const Pod& pod, std::int64_t change, Instant now) {
  for (const std::string& label : pod.labels) {
    const auto found = promises_.find(label);
    if (found == promises_.end()) continue;
    Promise& promise = found->second;
    settle(promise, now);
    promise.available += change;
    if (promise.available >= promise.minimum) promise.kept_once = true;
    return;
  }
}

void AvailabilityTracker::pod(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  const ObjectReader pod(object);
  const std::string uid(pod.text("/metadata/uid"));
  const bool available = type != "DELETED" && !pod.has("/metadata/deletionTimestamp") && pod.condition("Ready") == "True";
  Pod& known = pods_[uid];
  if (simdjson::dom::object labels; known.labels.empty() && !object.at_pointer("/metadata/labels").get(labels)) {
    for (const auto field : labels) {
      std::string_view value;
      if (!field.value.get(value)) known.labels.push_back(label_of(field.key, value));
    }
  }
  if (available != known.available) add(known, available ? 1 : -1, arrived);
  known.available = available;
  if (type == "DELETED") pods_.erase(uid);
}

AvailabilityTracker::Account AvailabilityTracker::account(Instant now) {
  Account all;
  for (auto& [label, promise] : promises_) {
    settle(promise, now);
    all.missing += promise.account.missing;
    all.below += promise.account.below;
    all.least = std::min(all.least, promise.account.least);
    promise.account = {};
  }
  return all;
}

}  // namespace plumb::harness
