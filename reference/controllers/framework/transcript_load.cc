#include "reference/controllers/framework/transcript_load.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers {
namespace {

using informer::object_key;

std::string path_of(const std::string& namespace_) { return "/apis/metrics.k8s.io/v1beta1/namespaces/" + namespace_ + "/pods"; }

Error refusal(int code, std::string message) {
  Error error = fail(code == 404 ? Code::not_found : Code::unavailable, std::move(message), code == 404 ? "NotFound" : "ServiceUnavailable");
  error.http_status = code;
  return error;
}

bool runs(const corev1::Pod& pod) { return pod.status.phase == corev1::PodRunning; }

}  // namespace

std::optional<std::string> TranscriptLoad::command(const std::string& name, const std::string& line) {
  const auto words = split(line, ' ');
  if (name == "load" || name == "usage") return set_rule(line, name == "load");
  if (name == "sampling") {
    const auto interval = api::parse_duration(line);
    served_ = interval.ok();
    if (served_) sampling_ = std::max<Duration>(*interval, std::chrono::milliseconds(100));
    last_sample_.reset();
    return "";
  }
  if (name == "pods" && words.size() == 3) {
    const auto delay = api::parse_duration(words[2]);
    if (!delay.ok()) return delay.error().message;
    starts_after_ = *delay;
    return "";
  }
  if (name == "serve" && words.size() >= 2) {
    client_.serve_raw(std::string(words[0]), line.substr(words[0].size() + 1));
    return "";
  }
  if (name == "refuse" && words.size() >= 3) {
    const auto skipped = words[0].size() + words[1].size() + 2;
    client_.serve_raw(std::string(words[0]), refusal(static_cast<int>(parse_int(words[1]).value_or(500)), line.substr(skipped)));
    return "";
  }
  return std::nullopt;
}

std::string TranscriptLoad::set_rule(const std::string& line, bool shared) {
  const auto words = split(line, ' ');
  Rule rule;
  rule.shared = shared;
  const std::string whom(words[0]);
  const auto colon = whom.find(':');
  rule.prefix = whom.substr(0, colon);
  if (colon != std::string::npos) rule.container = whom.substr(colon + 1);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == std::string_view::npos || !api::Quantity::parse(words[i].substr(equals + 1)).ok()) return "expected RESOURCE=QUANTITY";
    rule.amounts.emplace(words[i].substr(0, equals), words[i].substr(equals + 1));
  }
  std::erase_if(rules_, [&](const Rule& known) { return known.prefix == rule.prefix && known.container == rule.container; });
  rules_.push_back(std::move(rule));
  return "";
}

Duration TranscriptLoad::step() const {
  if (rules_.empty() && !starts_after_) return Duration::max();
  return std::min<Duration>(std::chrono::seconds(1), sampling_);
}

void TranscriptLoad::act() {
  if (rules_.empty()) return;
  const std::int64_t number = clock_.wall().time_since_epoch() / sampling_;
  if (last_sample_ == number) return;
  last_sample_ = number;
  sample();
}

void TranscriptLoad::sample() {
  std::map<std::string, std::string> items;
  for (const std::string& known : namespaces_) items[known];
  const std::string at = api::format_time(clock_.wall());
  for (const auto& pod : client_.all<corev1::Pod>()) {
    std::string& list = items[pod->metadata.namespace_.str()];
    if (!runs(*pod)) continue;
    std::string containers;
    for (const corev1::Container& container : pod->spec.containers)
      containers += (containers.empty() ? "" : ",") + container_json(*pod, container, &container == pod->spec.containers.begin());
    list += (list.empty() ? "" : ",") + std::string(R"({"metadata":{"name":")") + pod->metadata.name.str() + R"("},"timestamp":")" + at + R"(","window":")" +
            api::format_duration(sampling_) + R"(","containers":[)" + containers + "]}";
  }
  namespaces_.clear();
  for (const auto& [namespace_, list] : items) {
    namespaces_.push_back(namespace_);
    if (served_) {
      client_.serve_raw(path_of(namespace_), R"({"kind":"PodMetricsList","items":[)" + list + "]}");
    } else {
      client_.serve_raw(path_of(namespace_), refusal(404, "the server could not find the requested resource"));
    }
  }
}

bool TranscriptLoad::applies(const Rule& rule, const corev1::Pod& pod, const corev1::Container& container, bool first) const {
  return object_key(pod).starts_with(rule.prefix) && (rule.container.empty() ? first : container.name == rule.container);
}

std::size_t TranscriptLoad::sharers(const Rule& rule) const {
  const auto pods = client_.all<corev1::Pod>();
  return static_cast<std::size_t>(std::count_if(pods.begin(), pods.end(), [&](const auto& pod) { return object_key(*pod).starts_with(rule.prefix) && runs(*pod) && is_ready(*pod); }));
}

std::string TranscriptLoad::container_json(const corev1::Pod& pod, const corev1::Container& container, bool first) const {
  std::map<std::string, std::int64_t> used{{"cpu", 0}, {"memory", 0}};
  for (const Rule& rule : rules_) {
    if (!applies(rule, pod, container, first)) continue;
    for (const auto& [resource, text] : rule.amounts) {
      const std::int64_t whole = api::Quantity::parse(text)->milli_value();
      used[resource] = !rule.shared ? whole : is_ready(pod) ? whole / static_cast<std::int64_t>(std::max<std::size_t>(sharers(rule), 1)) : 0;
    }
  }
  std::string usage;
  for (const auto& [resource, milli] : used) usage += (usage.empty() ? "\"" : ",\"") + resource + "\":\"" + api::Quantity::of_milli(milli).to_string() + "\"";
  return R"({"name":")" + container.name.str() + R"(","usage":{)" + usage + "}}";
}

}  // namespace plumb::controllers
